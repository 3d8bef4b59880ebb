"""The turn-by-turn Generator: each speaker's prompt holds its own profile alone, so it can't know the partner's.

The paper's whole-conversation prompt shows both profiles to one model, which then swaps them (2.5 % of attributes are
voiced only by the partner in the released data). Here a speaker can learn of the partner only what was said.
"""

from __future__ import annotations

import asyncio
from typing import Literal

from duologue.backends.grammar import line
from duologue.backends.protocol import Message, Request
from duologue.conversations.critic.guards.utterance import check_utterance
from duologue.conversations.examples import Example
from duologue.conversations.generator.choice import score_draws
from duologue.conversations.generator.parse import clean_utterance
from duologue.conversations.generator.protocol import GeneratorContext, Refused, Task
from duologue.conversations.generator.render import bullets, sampling_for, transcript
from duologue.prompts import as_data, load
from duologue.records import Candidate, Speaker


class TurnsGenerator:
    """Lets two speakers talk. Of several draws of an utterance the best that no guard refuses is said."""

    mode: Literal["turns"] = "turns"

    def __init__(self, context: GeneratorContext) -> None:
        self._context = context
        self._caller = context.caller
        self._config = context.config
        self._choices = context.turn_choices
        self._sampling = sampling_for(
            context.sampling, max_tokens=int(context.config.max_utterance_words * 1.6) + 8, stop=("\n",)
        )
        self._prompt = load("generator_turn")

    async def generate(self, task: Task) -> Candidate:
        """Write one candidate. Raises ItemFailed when a call fails, Refused when an utterance stays unacceptable."""
        said: list[str] = []
        for turn in range(task.target):
            said.append(await self._utterance(task, said, turn))
        return Candidate(
            id=task.id,
            pair=task.pair,
            iteration=task.iteration,
            attempt=task.attempt,
            sample=task.sample,
            utterances=tuple(said),
            mode=self.mode,
            model=self._caller.model,
            prompt_hash=self._prompt.hash,
            seed=task.seed,
            length=task.length,
        )

    async def _utterance(self, task: Task, said: list[str], turn: int) -> str:
        speaker: Speaker = 1 if turn % 2 == 0 else 2
        messages = self._messages(task, said, speaker)
        refusals: list[str] = []
        for attempt in range(self._config.turn_retries + 1):
            # One after the other, so that the second draw finds the prompt read by the first in the prefix cache.
            numbers = range(attempt * self._choices, (attempt + 1) * self._choices)
            draws = [await self._draw(task, messages, number) for number in numbers]
            good: list[str] = []
            for draw in dict.fromkeys(draws):
                refusal = self._refusal(task, speaker, said, draw)
                if refusal is None:
                    good.append(draw)
                else:
                    refusals.append(refusal)
            if good:
                return await self._best(task, speaker, said, good)
        guard, _, reason = refusals[-1].partition(": ")
        count = (self._config.turn_retries + 1) * self._choices
        raise Refused(guard, f"utterance {turn + 1} was refused in each of {count} draws, the last time: {reason}")

    async def _draw(self, task: Task, messages: tuple[Message, ...], number: int) -> str:
        answer = await self._caller.call(
            Request(
                purpose="generator.turn",
                model=self._caller.model,
                messages=messages,
                sampling=self._sampling,
                sample=task.sample_number(number),
                seed=task.seed,
                grammar=line(self._config.max_utterance_words * 6) if self._caller.features.grammar else None,
            )
        )
        text = clean_utterance(answer.text)
        return whole_sentences(text) if answer.finish == "length" else text

    def _refusal(self, task: Task, speaker: Speaker, said: list[str], text: str) -> str | None:
        return check_utterance(
            text,
            speaker=speaker,
            pair=task.pair,
            earlier=said,
            config=self._context.critic,
            max_words=self._config.max_utterance_words,
        )

    async def _best(self, task: Task, speaker: Speaker, said: list[str], draws: list[str]) -> str:
        if len(draws) == 1:
            return draws[0]
        scored = await asyncio.to_thread(
            score_draws,
            draws,
            profile=[a.text for a in task.pair.user(speaker).attributes],
            said=said,
            embedder=self._context.embedder,
            nli=self._context.nli,
        )
        return max(scored, key=lambda s: s.total).text

    def _messages(self, task: Task, said: list[str], speaker: Speaker) -> tuple[Message, ...]:
        """Instructions, examples and own profile, then the talk so far: own utterances as the assistant's."""
        messages = list(
            self._prompt.messages(
                examples="\n\n".join(_shown(e, speaker) for e in task.examples),
                profile=bullets(a.text for a in task.pair.user(speaker).attributes),
            )
        )
        opening = messages.pop()
        if speaker == 1:
            messages.append(opening)
        for turn, text in enumerate(said):
            role: Literal["user", "assistant"] = "assistant" if turn % 2 + 1 == speaker else "user"
            messages.append(Message(role, as_data(text)))
        return tuple(messages)


def whole_sentences(text: str) -> str:
    """``text`` up to the end of its last complete sentence; unchanged when there is none."""
    end = max(text.rfind(mark) for mark in ".!?")
    return text[: end + 1] if end > 0 else text


def _shown(example: Example, speaker: Speaker) -> str:
    names = ("You", "Partner") if speaker == 1 else ("Partner", "You")
    return f"Profile:\n{bullets(example.user(speaker))}\nChat:\n{transcript(example.utterances, names)}"
