"""The vectors of the texts kept so far, for refusing near-duplicates."""

from __future__ import annotations

import numpy as np

from duologue.models.protocol import Floats
from duologue.text import normalise
from duologue.vectors.growing import GrowingLists
from duologue.vectors.search import Found, among_all
from duologue.vectors.threads import product

EXACT = 30_000
"""Most texts that a new one is compared with one by one."""
_BLOCK = 512
"""Texts of a wave whose products with the whole wave are held at once: 8 MB of a wave of 4,096."""


class Known:
    """A growing list of texts with their unit-length vectors.

    A wave is looked up by matrix products, above ``EXACT`` texts by a search in inverted lists; there a near-duplicate is
    missed now and then (the share is in BENCHMARKS.md), never one in the same words, and none of the wave itself.
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

    def ahead(self, vectors: Floats) -> Ahead:
        """Look the texts of a wave up together: ``vectors`` (number of them, dimensions). They are decided one by one then."""
        return Ahead(self, vectors)

    def known_as(self, text: str) -> bool:
        """Whether a known text has the same words."""
        return normalise(text) in self._bare

    def nearest(self, vectors: Floats) -> Found:
        """For each of ``vectors`` the most similar known text, in arrays (number of them, 1); -1 for none."""
        if not len(vectors) or not self.texts:
            shape = len(vectors), 1
            return Found(np.full(shape, -1, dtype=np.int64), np.full(shape, -np.inf, dtype=np.float32))
        if len(self.texts) > EXACT:
            return self._lists.nearest(self.vectors, vectors)
        return among_all(vectors, self.vectors, 1)


class Ahead:
    """A wave of texts, to be refused or kept in their order. What was kept is known to those after it."""

    def __init__(self, known: Known, vectors: Floats) -> None:
        self._known = known
        self._vectors = vectors
        self._before = known.nearest(vectors)
        self._base = len(known.texts)
        self._kept = np.zeros(len(vectors), dtype=np.int64)
        """Numbers of the wave's kept texts, the first ``_count`` of them."""
        self._count = 0
        self._block = range(0)
        self._products = np.zeros((0, 0), dtype=np.float32)

    def duplicate(self, number: int, text: str, most: float) -> str | None:
        """Return why the wave's text ``number`` is a near-duplicate: its cosine to a known text is above ``most``."""
        if self._known.known_as(text):
            return "the same words as a known one"
        nearest, similarity = int(self._before.rows[number, 0]), float(self._before.similarity[number, 0])
        if self._count:
            inside = self._among(number)[self._kept[: self._count]]
            best = int(inside.argmax())
            if inside[best] > similarity:
                nearest, similarity = self._base + best, float(inside[best])
        if similarity > most:
            return f"similarity {similarity:.2f} to {self._known.texts[nearest]!r}"
        return None

    def keep(self, number: int, text: str) -> None:
        """Add the wave's text ``number`` to what is known."""
        self._known.add(text, self._vectors[number])
        self._kept[self._count] = number
        self._count += 1

    def _among(self, number: int) -> Floats:
        """Dot products of the wave's text ``number`` with all of the wave."""
        if number not in self._block:
            self._block = range(number, min(number + _BLOCK, len(self._vectors)))
            self._products = product(self._vectors[self._block.start : self._block.stop], self._vectors.T)
        found: Floats = self._products[number - self._block.start]
        return found
