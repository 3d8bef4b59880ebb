"""The paper's Generator: the whole conversation in one completion (section 3.3)."""

from __future__ import annotations

from typing import Literal

import orjson

from duologue.backends.grammar import dialogue
from duologue.backends.protocol import Request
from duologue.conversations.examples import Example
from duologue.conversations.generator.parse import parse_conversation
from duologue.conversations.generator.protocol import GeneratorContext, Task
from duologue.conversations.generator.render import bullets, sampling_for, transcript
from duologue.prompts import load
from duologue.records import Candidate

TOKENS_PER_WORD = 2.0
"""Room for the answer: generous for English, so that a conversation is cut off only when it runs away."""


class WholeGenerator:
    """Asks for all utterances at once; both profiles stand in the prompt."""

    mode: Literal["whole"] = "whole"

    def __init__(self, context: GeneratorContext) -> None:
        self._caller = context.caller
        self._config = context.config
        self._sampling = context.sampling
        self._prompt = load("generator_whole")

    async def generate(self, task: Task) -> Candidate:
        """Write one candidate. Raises ItemFailed when the answer holds no conversation."""
        answer = await self._caller.call(self._request(task))
        utterances = parse_conversation(answer.text, cut_off=answer.finish == "length")
        return Candidate(
            id=task.id,
            pair=task.pair,
            iteration=task.iteration,
            attempt=task.attempt,
            sample=task.sample,
            utterances=utterances,
            mode=self.mode,
            model=self._caller.model,
            prompt_hash=self._prompt.hash,
            seed=task.seed,
            length=task.length,
        )

    def _request(self, task: Task) -> Request:
        features = self._caller.features
        words = self._config.max_utterance_words
        use_schema = features.json_schema and not features.grammar
        return Request(
            purpose="generator.whole",
            model=self._caller.model,
            messages=self._prompt.messages(
                examples="\n\n".join(_shown(e) for e in task.examples),
                profile_1=bullets(a.text for a in task.pair.user_1.attributes),
                profile_2=bullets(a.text for a in task.pair.user_2.attributes),
                count=str(task.target),
            ),
            sampling=sampling_for(
                self._sampling, max_tokens=int(task.target * (min(words, 40) * TOKENS_PER_WORD + 6)), stop=()
            ),
            sample=task.sample_number(),
            seed=task.seed,
            grammar=dialogue(task.target, words * 6) if features.grammar else None,
            json_schema=_schema(task.target) if use_schema else None,
        )


def _shown(example: Example) -> str:
    return (
        f"User 1 profile:\n{bullets(example.user_1)}\nUser 2 profile:\n{bullets(example.user_2)}\n"
        f"Conversation of {len(example.utterances)} utterances:\n{transcript(example.utterances, ('User 1', 'User 2'))}"
    )


def _schema(count: int) -> str:
    turn = {
        "type": "object",
        "properties": {"speaker": {"type": "integer", "enum": [1, 2]}, "text": {"type": "string"}},
        "required": ["speaker", "text"],
        "additionalProperties": False,
    }
    schema = {
        "type": "object",
        "properties": {"utterances": {"type": "array", "items": turn, "minItems": count, "maxItems": count}},
        "required": ["utterances"],
        "additionalProperties": False,
    }
    return orjson.dumps(schema).decode()
