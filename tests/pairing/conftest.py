"""Users and roles for level 2."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from duologue.models.protocol import Embedder, Floats
from duologue.records import Attribute, Comparison, Outcome, Profile, Stage, Verdict
from duologue.store.protocol import Ledger


class HashEmbedder:
    """A random direction for each text, nearer to others that end in the same word."""

    name = "hash"

    def embed(self, texts: Sequence[str]) -> Floats:
        rows = np.zeros((len(texts), 16), dtype=np.float32)
        for row, text in enumerate(texts):
            for part, weight in ((text, 1.0), (text.split()[-1], 3.0)):
                seed = int.from_bytes(hashlib.sha256(part.encode()).digest()[:4], "big")
                rows[row] += weight * np.random.default_rng(seed).standard_normal(16)
            rows[row] /= np.linalg.norm(rows[row])
        return rows


class ListLedger:
    """Keeps outcomes in a list."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        self._outcomes = outcomes

    def record(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)

    def judged(self, candidate_id: str, verdicts: Sequence[Verdict]) -> None: ...

    def compared(self, pair_id: str, iteration: int, comparisons: Sequence[Comparison]) -> None: ...

    def begin(self, stage: Stage, total: int | None, iteration: int = 0) -> None: ...

    async def flush(self) -> None: ...


MakeUsers = Callable[..., list[Profile]]


@pytest.fixture
def embedder() -> Embedder:
    return HashEmbedder()


@pytest.fixture
def outcomes() -> list[Outcome]:
    return []


@pytest.fixture
def ledger(outcomes: list[Outcome]) -> Ledger:
    return ListLedger(outcomes)


@pytest.fixture
def users() -> MakeUsers:
    """Make users from strings of one-letter categories: "abb" has one attribute of a and two of b; "-" has none."""

    def make(*categories: str) -> list[Profile]:
        return [
            Profile.of(
                tuple(
                    Attribute.of(f"I am user {n} with {place} of {c}", category="" if c == "-" else c)
                    for place, c in enumerate(letters)
                )
            )
            for n, letters in enumerate(categories)
        ]

    return make
