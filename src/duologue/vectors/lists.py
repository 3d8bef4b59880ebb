"""Inverted lists (Sivic and Zisserman 2003): vectors grouped around centres, of which a search visits the nearest few.

Lists hold some hundred rows whatever the number of vectors, and many centres are searched by lists of their own, so
that the cost of a search hardly grows with the number of vectors.
"""

from __future__ import annotations

import numpy as np

from duologue.models.protocol import Floats
from duologue.vectors.search import Found, Grouped, Rows, among_all, among_probed

PER_LIST = 256
"""Rows of a list on average."""
PROBES = 16
"""Lists that a search visits."""
_FLAT = 1024
"""Most centres that are compared one by one."""
_PASSES = 3
_SAMPLE = 16
"""Passes of k-means, and vectors for each centre that it looks at."""


class Centres:
    """Centres of lists, found by spherical k-means on a sample."""

    def __init__(self, vectors: Floats, count: int, seed: int) -> None:
        """``vectors`` (n, d), of any length; ``count`` centres, at most n."""
        rng = np.random.default_rng(seed)
        n = len(vectors)
        sample = np.sort(rng.choice(n, min(n, _SAMPLE * count), replace=False))
        looked_at = unit(vectors[sample])
        self.vectors: Floats = looked_at[np.sort(rng.choice(len(sample), count, replace=False))]
        for _ in range(_PASSES):
            home = among_all(looked_at, self.vectors, 1).rows[:, 0]
            grouped = Grouped.of(home, count)
            filled = np.flatnonzero(np.diff(grouped.starts))
            sums = np.add.reduceat(looked_at[grouped.order], grouped.starts[filled], axis=0)
            # An empty list keeps its centre.
            self.vectors[filled] = unit(sums)
        self._upper: Centres | None = None
        if count > _FLAT:
            upper = Centres(self.vectors, int(count**0.5), seed)
            self._grouped = Grouped.of(upper.nearest(self.vectors, 1)[:, 0], len(upper))
            self._upper = upper

    def __len__(self) -> int:
        return len(self.vectors)

    def nearest(self, vectors: Floats, count: int) -> Rows:
        """Return an array (len(vectors), count) of the nearest centres, the best first; ``vectors`` of any length.

        -1 stands at the end of a line where the centres looked at were fewer, never at its start.
        """
        count = min(count, len(self))
        if self._upper is None:
            return among_all(vectors, self.vectors, count).rows
        probed = self._upper.nearest(vectors, max(6, count // 2))
        rows = among_probed(vectors, probed, self.vectors, self._grouped, count).rows
        rows[rows[:, 0] < 0, 0] = 0
        return rows


def lists_of(n: int, per_list: int = PER_LIST) -> int:
    """How many lists ``n`` vectors take."""
    return max(1, n // per_list)


def neighbours(vectors: Floats, k: int, *, seed: int, per_list: int = PER_LIST, probes: int = PROBES) -> Found:
    """Return for each row of ``vectors`` (n, d) about its ``k`` most similar other rows, without comparing all pairs."""
    centres = Centres(vectors, lists_of(len(vectors), per_list), seed)
    probed = centres.nearest(vectors, probes)
    grouped = Grouped.of(probed[:, 0], len(centres))
    return among_probed(vectors, probed, vectors, grouped, k, np.arange(len(vectors)))


def unit(vectors: Floats) -> Floats:
    """The rows scaled to length 1; rows of zeros stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1.0), dtype=np.float32)
