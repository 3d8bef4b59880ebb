"""How near each utterance comes to each attribute: similarity, shared words, shared facts. No inference yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from duologue.conversations.critic.evidence.readings import Reading
from duologue.conversations.critic.evidence.wording import share, telling, weights
from duologue.facts.stated import facts, shared
from duologue.models.protocol import Embedder, Floats
from duologue.records import Attribute, Speaker

BACKGROUND = 0.12
"""Mean similarity of an attribute to an utterance that has nothing to do with it (MiniLM)."""
_BACKGROUND_WEIGHT = 3.0
"""As how many utterances the background counts in an attribute's mean."""


@dataclass(frozen=True, slots=True)
class Touch:
    """One reading beside one attribute."""

    owner: Speaker
    attribute: Attribute
    reading: Reading
    similarity: float
    """Cosine of the two texts."""
    share: float
    """Weighted share of the attribute's content words in the reading, in [0, 1]."""
    telling: int
    """Number of uncommon words that both hold."""
    same_fact: bool
    """Both state a fact of one category, such as a job."""

    @property
    def own(self) -> bool:
        """Whether the attribute's owner speaks."""
        return self.owner == self.reading.speaker


def touches(
    attributes: Sequence[tuple[Speaker, Attribute]], readings: Sequence[Reading], embedder: Embedder
) -> list[list[Touch]]:
    """For each attribute, in order, its touch with each reading, in order."""
    if not attributes or not readings:
        return [[] for _ in attributes]
    vectors = embedder.embed([*(a.text for _, a in attributes), *(r.text for r in readings)])
    near = vectors[: len(attributes)] @ vectors[len(attributes) :].T
    stated = [facts(r.text) for r in readings]
    found = []
    for row, (owner, attribute) in enumerate(attributes):
        held, known = telling(attribute.text), facts(attribute.text)
        found.append(
            [
                Touch(
                    owner,
                    attribute,
                    reading,
                    float(near[row, column]),
                    share(attribute.text, reading.text),
                    len(held & weights(reading.text).keys()),
                    bool(known) and shared(known, stated[column]),
                )
                for column, reading in enumerate(readings)
            ]
        )
    return found


def prominence(best: Floats) -> Floats:
    """How much nearer each of a speaker's utterances comes to an attribute than that speaker's others do.

    ``best`` holds the similarity of the attribute to each utterance, (utterances,); the mean of the others is taken
    together with a background value, so that a single utterance has one too.
    """
    total, count = float(best.sum()), len(best)
    others = (total - best + _BACKGROUND_WEIGHT * BACKGROUND) / (count - 1 + _BACKGROUND_WEIGHT)
    return np.asarray(best - others, dtype=np.float32)
