"""The turn-by-turn Generator: each speaker's prompt holds its own profile alone, so it can't know the partner's.

The paper's whole-conversation prompt shows both profiles to one model, which then swaps them (2.5 % of attributes are
voiced only by the partner in the released data). Here a speaker can learn of the partner only what was said.
"""

from __future__ import annotations

from typing import Literal

from duologue.backends.grammar import line
from duologue.backends.protocol import Caller, Message, Request, Sampling
from duologue.config.sections import CriticConfig, GeneratorConfig
from duologue.conversations.critic.guards.utterance import check_utterance
from duologue.conversations.examples import Example
from duologue.conversations.generator.parse import clean_utterance
from duologue.conversations.generator.protocol import Refused, Task
from duologue.conversations.generator.render import bullets, sampling_for, transcript
from duologue.prompts import as_data, load
from duologue.records import Candidate, Speaker


class TurnsGenerator:
    """Lets two speakers talk, one utterance a call; an utterance that a guard refuses is drawn again."""

    mode: Literal["turns"] = "turns"

    def __init__(self, caller: Caller, config: GeneratorConfig, sampling: Sampling, critic: CriticConfig) -> None:
        self._caller = caller
        self._config = config
        self._critic = critic
        self._sampling = sampling_for(sampling, max_tokens=int(config.max_utterance_words * 1.6) + 8, stop=("\n",))
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
        guard = reason = ""
        for redraw in range(self._config.turn_retries + 1):
            answer = await self._caller.call(
                Request(
                    purpose="generator.turn",
                    model=self._caller.model,
                    messages=messages,
                    sampling=self._sampling,
                    sample=task.sample_number(redraw),
                    seed=task.seed,
                    grammar=line(self._config.max_utterance_words * 6) if self._caller.features.grammar else None,
                )
            )
            text = clean_utterance(answer.text)
            if answer.finish == "length":
                text = whole_sentences(text)
            refusal = check_utterance(
                text,
                speaker=speaker,
                pair=task.pair,
                earlier=said,
                config=self._critic,
                max_words=self._config.max_utterance_words,
            )
            if refusal is None:
                return text
            guard, _, reason = refusal.partition(": ")
        draws = self._config.turn_retries + 1
        raise Refused(
            guard, f"utterance {turn + 1} was refused in each of {draws} draws, the last time because of {reason}"
        )

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
