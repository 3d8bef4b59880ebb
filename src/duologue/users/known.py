"""The vectors of the texts kept so far, for refusing near-duplicates."""

from __future__ import annotations

import numpy as np

from duologue.models.protocol import Floats
from duologue.text import normalise


class Known:
    """A growing list of texts with their unit-length vectors; looking up is one matrix-vector product."""

    def __init__(self, texts: list[str], vectors: Floats) -> None:
        self.texts = list(texts)
        self._bare = {normalise(t) for t in texts}
        self._rows = np.array(vectors, dtype=np.float32)

    @property
    def vectors(self) -> Floats:
        """Array (number of texts, dimensions)."""
        return self._rows[: len(self.texts)]

    def add(self, text: str, vector: Floats) -> None:
        """Keep one more text with its vector (dimensions,)."""
        if len(self.texts) == len(self._rows):
            grown = np.zeros((max(64, 2 * len(self._rows)), len(vector)), dtype=np.float32)
            grown[: len(self.texts)] = self.vectors if len(self.texts) else 0.0
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
        similar = self.vectors @ vector
        nearest = int(np.argmax(similar))
        if similar[nearest] > most:
            return f"similarity {similar[nearest]:.2f} to {self.texts[nearest]!r}"
        return None
