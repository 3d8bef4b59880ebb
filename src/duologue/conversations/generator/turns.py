"""The turn-by-turn Generator: each speaker's prompt holds its own profile alone, so it can't know the partner's.

An utterance may be planned: a note beside the partner's last utterance names one of the speaker's own attributes that
have not come out (:mod:`duologue.conversations.generator.plan`). A note stays in the prompt of later utterances when
its attribute came out, and is gone when it did not.

The paper's whole-conversation prompt shows both profiles to one model, which then swaps them (2.5 % of attributes are
voiced only by the partner in the released data). Here a speaker can learn of the partner only what was said.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from dataclasses import dataclass, field, replace
from typing import Literal

from duologue.backends.grammar import line
from duologue.backends.protocol import Message, Request, Sampling
from duologue.conversations.critic.guards.utterance import check_utterance
from duologue.conversations.examples import Example
from duologue.conversations.generator.choice import Judged, Scored, Situation, choose, sureness
from duologue.conversations.generator.parse import clean_utterance
from duologue.conversations.generator.plan import Plan, carries, next_attribute
from duologue.conversations.generator.protocol import GeneratorContext, Refused, Task
from duologue.conversations.generator.render import bullets, noted, sampling_for, transcript
from duologue.prompts import as_data, load
from duologue.records import Candidate, Speaker
from duologue.text import sentences

WARMER, WARMEST = 0.3, 1.0
"""How much warmer each further attempt at an utterance samples, and up to which temperature."""


@dataclass(slots=True)
class Talk:
    """A conversation as it grows."""

    task: Task
    said: list[str] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=dict)
    """By utterance: the attribute that its note named, where it came out."""
    tried: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    """For each speaker and each of its utterances: the index of the attribute that was planned, or -1."""

    @property
    def speaker(self) -> Speaker:
        """Who speaks next."""
        return 1 if len(self.said) % 2 == 0 else 2

    @property
    def profile(self) -> tuple[str, ...]:
        """The attributes of who speaks next."""
        return tuple(a.text for a in self.task.pair.user(self.speaker).attributes)


class TurnsGenerator:
    """Lets two speakers talk. Of several draws of an utterance the best that no guard refuses is said; slips are drawn again."""

    mode: Literal["turns"] = "turns"

    def __init__(self, context: GeneratorContext) -> None:
        self._context = context
        self._caller = context.caller
        self._config = context.config
        self._choices = context.turn_choices
        features = context.caller.features
        # Endpoints may refuse to tell; one with slots of its own is this process.
        self._sure = self._choices > 1 and features.logprobs and features.slots is not None
        self._sampling = sampling_for(
            context.sampling, max_tokens=int(context.config.max_utterance_words * 1.6) + 8, stop=("\n",)
        )
        self._prompt = load("generator_turn_planned" if context.config.plan else "generator_turn")
        self._hash = self._prompt.hash
        if self._config.plan:
            both = self._prompt.hash + load("generator_note").hash
            self._hash = hashlib.sha256(both.encode()).hexdigest()[:12]

    async def generate(self, task: Task) -> Candidate:
        """Write one candidate. Raises ItemFailed when a call fails, Refused when an utterance stays unacceptable."""
        talk = Talk(task)
        while len(talk.said) < task.target:
            await self._speak(talk)
        return Candidate(
            id=task.id,
            pair=task.pair,
            iteration=task.iteration,
            attempt=task.attempt,
            sample=task.sample,
            utterances=tuple(talk.said),
            mode=self.mode,
            model=self._caller.model,
            prompt_hash=self._hash,
            seed=task.seed,
            length=task.length,
        )

    async def _speak(self, talk: Talk) -> None:
        """Let the next speaker say one utterance."""
        planned = await self._planned(talk)
        attribute = None if planned is None else talk.profile[planned]
        drawn: dict[str, float] = {}
        refusals: list[str] = []
        judged: Judged = {}
        best: Scored | None = None
        for attempt in range(self._config.turn_retries + 1):
            # The last redraws go without the note, lest an attribute that can't be said ends the conversation.
            note = attribute if attempt < max(1, self._config.turn_retries - 1) else None
            new = await self._draws(talk, note, attempt, refusals)
            if new.keys() - drawn.keys():
                drawn |= {text: sure for text, sure in new.items() if text not in drawn}
                # All of them anew, for how far a draw resembles the others is part of its worth. What slips is said only
                # when every draw does, for the Critic would refuse the conversation.
                best = await self._best(talk, drawn, attribute, judged)
            told = attribute is None or attempt or any(carries(text, attribute) for text in drawn)
            if best is not None and told and not best.slips:
                break
        if best is None:
            guard, _, reason = refusals[-1].partition(": ")
            count = (self._config.turn_retries + 1) * self._choices
            place = len(talk.said) + 1
            raise Refused(guard, f"utterance {place} was refused in each of {count} draws, the last time: {reason}")
        talk.tried[talk.speaker - 1].append(-1 if planned is None else planned)
        if attribute is not None and carries(best.text, attribute):
            talk.notes[len(talk.said)] = attribute
        talk.said.append(best.text)

    async def _planned(self, talk: Talk) -> int | None:
        if not self._config.plan:
            return None
        plan = Plan(talk.profile, tuple(talk.said), talk.task.target, tuple(talk.tried[talk.speaker - 1]))
        draw = random.Random(f"{talk.task.seed}/plan/{talk.task.id}")
        return await asyncio.to_thread(next_attribute, plan, embedder=self._context.embedder, draw=draw)

    async def _draws(self, talk: Talk, note: str | None, attempt: int, refusals: list[str]) -> dict[str, float]:
        """The distinct draws of one attempt that no guard refuses, with how sure the model was of each; ``refusals`` takes the
        reasons of the others.
        """
        messages = self._messages(talk, note)
        # One after the other, so that the second draw finds the prompt read by the first in the prefix cache.
        numbers = range(attempt * self._choices, (attempt + 1) * self._choices)
        sampling = warmer(self._sampling, attempt)
        draws = [await self._draw(talk.task, messages, number, sampling) for number in numbers]
        good: dict[str, float] = {}
        for draw, sure in dict(draws).items():
            refusal = self._refusal(talk, draw)
            if refusal is None:
                good[draw] = sure
            else:
                refusals.append(refusal)
        return good

    async def _draw(
        self, task: Task, messages: tuple[Message, ...], number: int, sampling: Sampling
    ) -> tuple[str, float]:
        answer = await self._caller.call(
            Request(
                purpose="generator.turn",
                model=self._caller.model,
                messages=messages,
                sampling=sampling,
                sample=task.sample_number(number),
                seed=task.seed,
                grammar=line(self._config.max_utterance_words * 6) if self._caller.features.grammar else None,
                top_logprobs=int(self._sure),
            )
        )
        text = clean_utterance(answer.text)
        text = whole_sentences(text) if answer.finish == "length" else text
        return text, sureness([token.logprob for token in answer.logprobs])

    def _refusal(self, talk: Talk, text: str) -> str | None:
        return check_utterance(
            text,
            speaker=talk.speaker,
            pair=talk.task.pair,
            earlier=talk.said,
            config=self._context.critic,
            max_words=self._config.max_utterance_words,
        )

    async def _best(self, talk: Talk, sure: dict[str, float], planned: str | None, judged: Judged) -> Scored:
        draws = list(sure)
        if self._choices == 1:
            # Draws that come one by one need no judging, for the Critic judges the whole.
            plain = [Scored(text, planned=float(planned is not None and carries(text, planned))) for text in draws]
            return max(plain, key=lambda scored: scored.rank)
        said, target = tuple(talk.said), talk.task.target
        still = () if self._config.plan else Plan(talk.profile, said, target).open
        situation = Situation(
            talk.task.pair,
            said,
            planned,
            last=len(said) + 1 == target,
            open=tuple(talk.profile[i] for i in still),
        )
        context = self._context
        return await asyncio.to_thread(
            choose, draws, situation, embedder=context.embedder, nli=context.nli, sure=sure, judged=judged
        )

    def _messages(self, talk: Talk, note: str | None) -> tuple[Message, ...]:
        """Instructions, examples and own profile, then the talk so far: own utterances as the assistant's."""
        messages = list(
            self._prompt.messages(
                examples="\n\n".join(_shown(e, talk.speaker) for e in talk.task.examples),
                profile=bullets(talk.profile),
            )
        )
        opening = messages.pop().content
        notes = talk.notes if note is None else talk.notes | {len(talk.said): note}

        def heard(text: str, reply: int) -> Message:
            return Message("user", noted(text, notes[reply]) if reply in notes else as_data(text))

        if talk.speaker == 1:
            messages.append(heard(opening, 0))
        for turn, text in enumerate(talk.said):
            own = turn % 2 + 1 == talk.speaker
            messages.append(Message("assistant", as_data(text)) if own else heard(text, turn + 1))
        return tuple(messages)


def warmer(sampling: Sampling, attempt: int) -> Sampling:
    """The sampling of an attempt: each further one ``WARMER`` higher in temperature, up to ``WARMEST``, for cold ones repeat themselves."""
    warm = min(WARMEST, sampling.temperature + WARMER * attempt)
    return replace(sampling, temperature=max(sampling.temperature, warm))


def whole_sentences(text: str) -> str:
    """``text`` up to the end of its last complete sentence; unchanged when there is none."""
    # With a word after it, a title at the end ("I met Dr.") ends no sentence.
    return " ".join(sentences(f"{text} x")[:-1]) or text


def _shown(example: Example, speaker: Speaker) -> str:
    names = ("You", "Partner") if speaker == 1 else ("Partner", "You")
    return f"Profile:\n{bullets(example.user(speaker))}\nChat:\n{transcript(example.utterances, names)}"
