"""The vectors of the texts kept so far, for refusing near-duplicates."""

from __future__ import annotations

import numpy as np

from duologue.models.protocol import Floats
from duologue.text import normalise
from duologue.vectors.growing import GrowingLists
from duologue.vectors.threads import product

EXACT = 30_000
"""Most texts that a new one is compared with one by one."""


class Known:
    """A growing list of texts with their unit-length vectors.

    Looking up is one matrix-vector product, above ``EXACT`` texts a search in inverted lists; there a near-duplicate is
    missed now and then (the share is in BENCHMARKS.md), never one in the same words.
    """

    def __init__(self, texts: list[str], vectors: Floats) -> None:
        self.texts = list(texts)
        self._bare = {normalise(t) for t in texts}
        self._rows = np.array(vectors, dtype=np.float32)
        self._lists = GrowingLists()

    @property
    def vectors(self) -> Floats:
        """Array (number of texts, dimensions)."""
        return self._rows[: len(self.texts)]

    def add(self, text: str, vector: Floats) -> None:
        """Keep one more text with its vector (dimensions,)."""
        if len(self.texts) == len(self._rows):
            grown = np.empty((max(64, len(self._rows) * 5 // 4), len(vector)), dtype=np.float32)
            if self.texts:
                grown[: len(self.texts)] = self.vectors
            self._rows = grown
        self._rows[len(self.texts)] = vector
        self.texts.append(text)
        self._bare.add(normalise(text))

    def duplicate(self, text: str, vector: Floats, most: float) -> str | None:
        """Return the reason why ``text`` is a near-duplicate: its cosine to a known text is above ``most``."""
        if normalise(text) in self._bare:
            return "the same words as a known one"
        if not self.texts:
            return None
        if len(self.texts) > EXACT:
            nearest, similarity = self._lists.nearest(self.vectors, vector)
        else:
            similar = product(self.vectors, vector)
            nearest = int(np.argmax(similar))
            similarity = float(similar[nearest])
        if similarity > most:
            return f"similarity {similarity:.2f} to {self.texts[nearest]!r}"
        return None
