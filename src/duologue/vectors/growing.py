"""Inverted lists over rows that become more."""

from __future__ import annotations

import numpy as np

from duologue.models.protocol import Floats
from duologue.vectors.lists import PROBES, Centres, lists_of
from duologue.vectors.search import Grouped
from duologue.vectors.threads import alone

_BLOCK = 65_536


class GrowingLists:
    """Finds the most similar row of an array that grows at its end."""

    def __init__(self, probes: int = PROBES) -> None:
        self._probes = probes
        self._centres: Centres | None = None
        self._lists: list[list[int]] = []
        self._placed = 0
        self._made_for = 0

    def nearest(self, vectors: Floats, vector: Floats) -> tuple[int, float]:
        """Return (row, dot product) of the row of ``vectors`` (n, d) most similar to ``vector`` (d,).

        ``vectors`` is the array of the call before with rows added, or the first. Lists are made anew when the rows have
        doubled.
        """
        centres = self._centres
        if centres is None or len(vectors) >= 2 * self._made_for:
            centres = self._centres = Centres(vectors, lists_of(len(vectors)), seed=0)
            self._lists = [[] for _ in range(len(centres))]
            self._placed, self._made_for = 0, len(vectors)
        self._place(centres, vectors)
        rows = [
            row
            for number in centres.nearest(vector[None], self._probes)[0]
            if number >= 0
            for row in self._lists[number]
        ]
        if not rows:
            return 0, float(vectors[0] @ vector)
        similar: Floats = alone(lambda: vectors[rows] @ vector)
        best = int(np.argmax(similar))
        return rows[best], float(similar[best])

    def _place(self, centres: Centres, vectors: Floats) -> None:
        while self._placed < len(vectors):
            block = vectors[self._placed : self._placed + _BLOCK]
            grouped = Grouped.of(centres.nearest(block, 1)[:, 0], len(centres))
            for number in np.flatnonzero(np.diff(grouped.starts)).tolist():
                self._lists[number] += (grouped.rows(number) + self._placed).tolist()
            self._placed += len(block)
