"""Inverted lists over rows that become more."""

from __future__ import annotations

import numpy as np

from duologue.models.protocol import Floats
from duologue.vectors.lists import PROBES, Centres, lists_of
from duologue.vectors.search import Found, Grouped, Rows, among_probed

_BLOCK = 65_536


class GrowingLists:
    """Finds the most similar rows of an array that grows at its end."""

    def __init__(self, probes: int = PROBES) -> None:
        self._probes = probes
        self._centres: Centres | None = None
        self._home: Rows = np.zeros(0, dtype=np.int64)
        """The list of each row placed so far."""
        self._made_for = 0

    def nearest(self, vectors: Floats, queries: Floats) -> Found:
        """Return for each of the ``queries`` (m, d) the most similar row of ``vectors`` (n, d), in arrays (m, 1).

        ``vectors`` is the array of the call before with rows added, or the first. Lists are made anew when the rows have
        doubled. Each list is gathered once a call, so many queries at once cost far less than one by one.
        """
        centres = self._centres
        if centres is None or len(vectors) >= 2 * self._made_for:
            centres = self._centres = Centres(vectors, lists_of(len(vectors)), seed=0)
            self._home, self._made_for = self._home[:0], len(vectors)
        starts = range(len(self._home), len(vectors), _BLOCK)
        placed = [centres.nearest(vectors[start : start + _BLOCK], 1)[:, 0] for start in starts]
        self._home = np.concatenate([self._home, *placed])
        probed = centres.nearest(queries, self._probes)
        return among_probed(queries, probed, vectors, Grouped.of(self._home, len(centres)), 1)
