from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from duologue.backends.protocol import Answer, Features, Request
from duologue.config.sections import CriticConfig
from duologue.conversations.critic.protocol import CriticContext
from duologue.errors import ItemFailed
from duologue.models.protocol import Floats, ToxicityRating
from duologue.records import Attribute, Candidate, Pair, Profile, make_id
from duologue.text import content_words

MakeCandidate = Callable[..., Candidate]

CLEAN = (
    "Hi there, how is your evening going?",
    "Slowly. I came home late from the clinic and my feet hurt.",
    "That sounds exhausting. What do you do at the clinic?",
    "I look after horses and other big animals, mostly at night.",
    "Wow, so you are a vet! Only my cello keeps me up that late.",
    "A musician, then. Do you play with other people?",
    "In a small orchestra on Fridays, and badly on all other days.",
    "Ha, I doubt that. My brother tried the violin and gave up within a month.",
    "It takes a patient family. Mine moved to the other end of the house.",
    "I should sleep now, so good night and thanks for the laugh.",
)


class BagEmbedder:
    """Unit vectors of hashed content words; no content gives a vector of its own."""

    name = "bag"

    def embed(self, texts: Sequence[str]) -> Floats:
        rows = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in content_words(text) or [text]:
                row[hashlib.sha256(word.encode(errors="replace")).digest()[0] % 64] += 1.0
            row /= float(np.linalg.norm(row)) or 1.0
        return rows


class TableNli:
    """Neutral but for the (premise, hypothesis) pairs it is told of. ``asked`` keeps every question."""

    name = "table"

    def __init__(self) -> None:
        self.table: dict[tuple[str, str], tuple[float, float, float]] = {}
        self.asked: list[tuple[str, str]] = []

    def entails(self, premise: str, hypothesis: str, p: float = 0.97) -> None:
        self.table[premise, hypothesis] = (p, 1 - p, 0.0)

    def contradicts(self, premise: str, hypothesis: str, p: float = 0.99) -> None:
        self.table[premise, hypothesis] = (0.0, 1 - p, p)
        self.table[hypothesis, premise] = (0.0, 1 - p, p)

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        self.asked.extend(pairs)
        rows = [self.table.get(pair, (0.05, 0.9, 0.05)) for pair in pairs]
        return np.array(rows, dtype=np.float32).reshape(len(pairs), 3)


class WordToxicity:
    """Insults hold "idiot"; "so true" agrees with one. ``asked`` keeps what was rated after what."""

    name = "word"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def score(self, texts: Sequence[str], before: Sequence[str] | None = None) -> Floats:
        return np.array([rating.score for rating in self.rate(texts, before)], dtype=np.float32)

    def rate(self, texts: Sequence[str], before: Sequence[str] | None = None) -> tuple[ToxicityRating, ...]:
        pairs = list(zip(texts, before or [""] * len(texts), strict=True))
        self.asked.extend(pairs)
        return tuple(map(self._rate, pairs))

    @staticmethod
    def _rate(pair: tuple[str, str]) -> ToxicityRating:
        text, before = (part.lower() for part in pair)
        if "idiot" in text:
            return ToxicityRating(0.9, "offence", (("offence", 0.9), ("agreement", 0.0)))
        if "so true" in text and "idiot" in before:
            return ToxicityRating(0.8, "agreement", (("offence", 0.0), ("agreement", 0.8)))
        return ToxicityRating(0.1, "offence", (("offence", 0.1), ("agreement", 0.0)))


class FakeJudge:
    """Answers with a function of the request; keeps the requests."""

    def __init__(self, reply: Callable[[Request], Answer | str] = lambda request: "", *, grammar: bool = False) -> None:
        self.model = "judge"
        self.features = Features(grammar=grammar, logprobs=True)
        self.reply = reply
        self.requests: list[Request] = []

    async def call(self, request: Request) -> Answer:
        self.requests.append(request)
        answer = self.reply(request)
        return Answer(answer) if isinstance(answer, str) else answer


class FailingJudge(FakeJudge):
    async def call(self, request: Request) -> Answer:
        raise ItemFailed("the judge is out of reach")


class Bench:
    """A context made of stand-ins, and the stand-ins."""

    def __init__(self) -> None:
        self.embedder = BagEmbedder()
        self.nli = TableNli()
        self.toxicity = WordToxicity()
        self.judge = FakeJudge()

    def context(self, **config: Any) -> CriticContext:
        return CriticContext(CriticConfig(**config), self.embedder, self.nli, self.toxicity, self.judge, seed=7)

    @staticmethod
    def judge_that(reply: Callable[[Request], Answer | str], *, grammar: bool = False) -> FakeJudge:
        return FakeJudge(reply, grammar=grammar)

    @staticmethod
    def failing_judge() -> FakeJudge:
        return FailingJudge()


def _candidate(
    utterances: Sequence[str] = CLEAN,
    user_1: Sequence[str] = ("I play the cello.", "I live with my family."),
    user_2: Sequence[str] = ("I am a vet.", "I work night shifts."),
    *,
    length: tuple[int, int] = (0, 0),
    sample: int = 0,
) -> Candidate:
    one, two = (Profile.of(tuple(Attribute.of(t) for t in texts)) for texts in (user_1, user_2))
    pair = Pair(make_id("p", one.id, two.id), 0, one, two)
    return Candidate(f"k-{sample}", pair, 1, 0, sample, tuple(utterances), "whole", "m", "h", 0, length)


@pytest.fixture(name="candidate")
def candidate_factory() -> MakeCandidate:
    return _candidate


@pytest.fixture
def bench() -> Bench:
    return Bench()
