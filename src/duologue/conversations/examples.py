"""Example conversations: what the few-shot pool holds and prompts show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import orjson

from duologue.records import Candidate, Speaker


@dataclass(frozen=True, slots=True)
class Example:
    """Two profiles and the conversation that follows from them. ``utterances[i]`` is said by speaker ``i % 2 + 1``."""

    id: str
    user_1: tuple[str, ...]
    user_2: tuple[str, ...]
    utterances: tuple[str, ...]
    origin: Literal["shipped", "generated"] = "shipped"
    iteration: int = 0
    """The iteration that made it; 0 for shipped ones."""

    def user(self, speaker: Speaker) -> tuple[str, ...]:
        """The attributes of speaker 1 or 2."""
        return self.user_1 if speaker == 1 else self.user_2

    @classmethod
    def of(cls, candidate: Candidate) -> Example:
        """Make an example of a generated conversation."""
        return cls(
            candidate.id,
            tuple(a.text for a in candidate.pair.user_1.attributes),
            tuple(a.text for a in candidate.pair.user_2.attributes),
            candidate.utterances,
            "generated",
            candidate.iteration,
        )


@cache
def shipped_examples() -> tuple[Example, ...]:
    """The hand-written conversations that ship with duologue (CC0), the first few-shot pool."""
    lines = resources.files("duologue.data").joinpath("examples.jsonl").read_text(encoding="utf-8").splitlines()
    rows = (orjson.loads(line) for line in lines if line.strip())
    return tuple(Example(r["id"], tuple(r["user_1"]), tuple(r["user_2"]), tuple(r["utterances"])) for r in rows)
