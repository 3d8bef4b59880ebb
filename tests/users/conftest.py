"""Tiny stand-ins for the roles that level 1 needs."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from duologue.backends.protocol import Answer, Caller, Features, Request
from duologue.models.protocol import Embedder, Floats, Nli
from duologue.records import Comparison, Outcome, Stage, Verdict
from duologue.store.protocol import Ledger
from duologue.text import content_words, words


class BagEmbedder:
    """Random directions per content word; equal words give equal vectors."""

    name = "bag"

    def embed(self, texts: Sequence[str]) -> Floats:
        rows = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in content_words(text) or words(text) or ["?"]:
                seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
                rows[row] += np.random.default_rng(seed).standard_normal(64)
            rows[row] /= np.linalg.norm(rows[row])
        return rows


class RuleNli:
    """Contradiction: both speak of one thing, one with love and the other with hate. Entailment: no new word."""

    name = "rule"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        self.asked.extend(pairs)
        rows = np.tile(np.array([0.02, 0.96, 0.02], dtype=np.float32), (len(pairs), 1))
        for row, (premise, hypothesis) in enumerate(pairs):
            if self._opposed(premise, hypothesis):
                rows[row] = (0.01, 0.01, 0.98)
            elif set(content_words(hypothesis)) <= set(content_words(premise)):
                rows[row] = (0.98, 0.01, 0.01)
        return rows

    def _opposed(self, premise: str, hypothesis: str) -> bool:
        mine = words(hypothesis)
        for sentence in premise.split("."):
            theirs = words(sentence)
            for one, other in (("love", "hate"), ("hate", "love")):
                if one in theirs and other in mine and theirs[-1:] == mine[-1:]:
                    return True
        return False


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


class FunctionCaller:
    """Answers by a function of the request; calls end in an order shuffled by ``shuffle``."""

    model = "function"

    def __init__(self, answer: Callable[[Request], str], shuffle: int, features: Features) -> None:
        self.features = features
        self.requests: list[Request] = []
        self._answer = answer
        self._rng = random.Random(shuffle)

    async def call(self, request: Request) -> Answer:
        self.requests.append(request)
        for _ in range(self._rng.randrange(4)):
            await asyncio.sleep(0)
        return Answer(self._answer(request))


MakeCaller = Callable[..., Caller]


@pytest.fixture
def outcomes() -> list[Outcome]:
    return []


@pytest.fixture
def ledger(outcomes: list[Outcome]) -> Ledger:
    return ListLedger(outcomes)


@pytest.fixture
def embedder() -> Embedder:
    return BagEmbedder()


@pytest.fixture
def nli() -> Nli:
    return RuleNli()


@pytest.fixture
def make_caller() -> MakeCaller:
    def make(answer: Callable[[Request], str], shuffle: int = 0, grammar: bool = False) -> Caller:
        return FunctionCaller(answer, shuffle, Features(grammar=grammar))

    return make
