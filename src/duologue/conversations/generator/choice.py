"""Which of several draws of an utterance is said: a small, explainable score, no language model.

A small model's draws differ more than a large one's, so choosing among them helps it most. The score adds up what a
good reply has (it bears on what was just said, it brings in a fact of the speaker's own that has not come up) and takes
off what a bad one has (it contradicts the speaker's profile, it says again what was said).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from duologue.conversations.critic.experts.statements import rare, statement
from duologue.conversations.critic.guards.swap import claims
from duologue.models.protocol import Embedder, Floats, Nli
from duologue.text import sentences

RELEVANCE, NEWS, CONTRADICTION, REPETITION = 0.8, 1.2, 3.0, 1.0
"""Weights of the four parts."""
FAR, CLOSE = 0.2, 0.7
"""Similarities of an utterance and an attribute at which it brings in nothing, and all, of it."""
ENOUGH = 0.5
"""Similarity to the last utterance from which more adds nothing, for a reply that only echoes is no better."""
TOUCHED = 0.45
"""Similarity from which an utterance counts as touching an attribute."""
ALIKE = 0.7
"""Similarity to an earlier utterance from which a draw counts as saying it again."""
NEAR = 0.3
"""Similarity of claim and attribute below which no contradiction is looked for."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A draw with its parts, each in [0, 1], and their weighted sum."""

    text: str
    relevance: float
    news: float
    contradiction: float
    repetition: float

    @property
    def total(self) -> float:
        """Higher is better."""
        return (
            RELEVANCE * self.relevance
            + NEWS * self.news
            - CONTRADICTION * self.contradiction
            - REPETITION * self.repetition
        )


def score_draws(
    draws: Sequence[str], *, profile: Sequence[str], said: Sequence[str], embedder: Embedder, nli: Nli
) -> list[Scored]:
    """Score each draw for the speaker with ``profile`` after ``said`` (both speakers' utterances, in order)."""
    vectors = embedder.embed([*draws, *profile, *said])
    new, held, earlier = np.split(vectors, [len(draws), len(draws) + len(profile)])
    own = earlier[len(said) % 2 :: 2]
    open_attributes = _untouched(held, own)
    denied = _contradictions(draws, profile, held, embedder, nli)
    return [
        Scored(
            text=draw,
            relevance=min(ENOUGH, _most(earlier[-1:] @ vector)) / ENOUGH,
            news=_news(open_attributes @ vector) if statement(draw) else 0.0,
            contradiction=denied[index],
            repetition=max(0.0, _most(earlier @ vector) - ALIKE) / (1.0 - ALIKE),
        )
        for index, (draw, vector) in enumerate(zip(draws, new, strict=True))
    ]


def _untouched(held: Floats, own: Floats) -> Floats:
    if not len(own) or not len(held):
        return held
    rest: Floats = held[(held @ own.T).max(axis=1) < TOUCHED]
    return rest


def _contradictions(
    draws: Sequence[str], profile: Sequence[str], held: Floats, embedder: Embedder, nli: Nli
) -> list[float]:
    """For each draw the probability that one of its claims contradicts the profile, corrected as the Critic does."""
    claimed = [(i, s) for i, draw in enumerate(draws) for s in sentences(draw) if claims(s)]
    worst = [0.0] * len(draws)
    if not claimed or not len(held):
        return worst
    near = embedder.embed([s for _, s in claimed]) @ held.T
    asked = [
        (i, s, attribute)
        for row, (i, s) in enumerate(claimed)
        for column, attribute in enumerate(profile)
        if near[row, column] >= NEAR
    ]
    if asked:
        for (i, _, _), p in zip(asked, nli.predict([(s, a) for _, s, a in asked])[:, 2], strict=True):
            worst[i] = max(worst[i], rare(float(p)))
    return worst


def _news(similarities: Floats) -> float:
    return min(1.0, max(0.0, (_most(similarities) - FAR) / (CLOSE - FAR)))


def _most(similarities: Floats) -> float:
    return max(0.0, float(similarities.max())) if similarities.size else 0.0
