"""Average linkage without a distance matrix, for more rows than one fits in memory.

The average cosine distance between two clusters is 1 - (mean of the one · mean of the other), so a cluster is its mean
and its size, and finding the nearest cluster is a search among means. Clusters that are each other's nearest can be merged in any
order, all at once, and the dendrogram is that of agglomerative clustering (average linkage is reducible: Bruynooghe
1977; Sumengen et al. 2021, arXiv 2105.11653). While there are many clusters the search is by inverted lists, so that a
nearest cluster may be missed; the last ``tail`` clusters are compared with each other without exception. Of several
clusters at the same distance each cluster takes another one for its nearest, because a cluster that is everybody's nearest
merges with one of them at a time: with many equal vectors the rounds would be as many as these.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from duologue.models.protocol import Floats
from duologue.vectors.lists import PER_LIST, PROBES, Centres, lists_of
from duologue.vectors.search import Found, Grouped, Rows, among_all, among_probed

TAIL = 20_000
"""Clusters from which on no list is used."""
_JOINED = 16_384
"""Means made at once, in double precision."""


def link(
    vectors: Floats, distance: float, *, seed: int = 0, tail: int = TAIL, per_list: int = PER_LIST, probes: int = PROBES
) -> Rows:
    """Return for each row of ``vectors`` (n, d), of unit length, the first row of its cluster.

    Clusters merge while their average cosine distance is at most ``distance``. Memory: two times that of ``vectors``
    beside them. Exact, but for rounding, where ``tail`` is at least n.
    """
    clusters = _Clusters(vectors, seed, per_list, probes)
    exact = False
    while len(clusters) > 1:
        if not exact and len(clusters) <= tail:
            exact = True
            clusters.all_dirty()
        clusters.search(exact)
        if not clusters.merge(distance):
            break
    return clusters.owners()


class _Clusters:
    """The clusters there are at the moment, by their means."""

    def __init__(self, vectors: Floats, seed: int, per_list: int, probes: int) -> None:
        n = len(vectors)
        self._means: Floats = np.array(vectors, dtype=np.float32)
        self._sizes = np.ones(n, dtype=np.float64)
        self._first = np.arange(n)
        """The first row of each cluster."""
        self._parent = np.arange(n)
        """For each row one of an earlier row of its cluster."""
        self._nearest = np.full(n, -1, dtype=np.int64)
        self._similarity = np.full(n, -np.inf, dtype=np.float32)
        self._dirty = np.ones(n, dtype=np.bool_)
        self._lists: _Homes | None = None
        self._seed, self._per_list, self._probes = seed, per_list, probes

    def __len__(self) -> int:
        return len(self._means)

    def all_dirty(self) -> None:
        """Have every cluster's nearest looked for anew."""
        self._dirty[:] = True

    def search(self, exact: bool) -> None:
        """Find the nearest cluster of those whose nearest is not known."""
        rows = np.flatnonzero(self._dirty)
        queries = self._means if len(rows) == len(self) else self._means[rows]
        if exact:
            found = among_all(queries, self._means, 1, rows, spread=True)
        else:
            if self._lists is None or self._lists.stale(len(self)):
                self._lists = _Homes(self._means, self._seed, self._per_list)
            found = self._lists.search(queries, self._means, rows, self._probes)
        self._nearest[rows], self._similarity[rows] = found.rows[:, 0], found.similarity[:, 0]
        self._dirty[:] = False

    def merge(self, distance: float) -> int:
        """Merge the pairs of which each is the best that its two clusters are offered; return how many.

        A cluster is offered its own nearest, and every cluster whose nearest it is.
        """
        i = np.flatnonzero(1.0 - self._similarity <= distance)
        j = self._nearest[i]
        order = np.lexsort((-np.maximum(i, j), -np.minimum(i, j), self._similarity[i]))
        rank = np.empty(len(i), dtype=np.int64)
        rank[order] = np.arange(len(i))
        top = np.full(len(self), -1, dtype=np.int64)
        np.maximum.at(top, i, rank)
        np.maximum.at(top, j, rank)
        chosen = (top[i] == rank) & (top[j] == rank)
        if not chosen.any():
            return 0
        # The cluster that holds the earlier row goes on, the other ends.
        one, other = i[chosen], j[chosen]
        swap = self._first[one] > self._first[other]
        kept, gone = np.where(swap, other, one), np.where(swap, one, other)
        self._join(kept, gone)
        return len(kept)

    def _join(self, kept: Rows, gone: Rows) -> None:
        total = self._sizes[kept] + self._sizes[gone]
        share = (self._sizes[kept] / total)[:, None]
        for start in range(0, len(kept), _JOINED):
            some = slice(start, start + _JOINED)
            one, other = self._means[kept[some]], self._means[gone[some]]
            self._means[kept[some]] = share[some] * one + (1.0 - share[some]) * other
        self._sizes[kept] = total
        self._parent[self._first[gone]] = self._first[kept]
        touched = np.zeros(len(self), dtype=np.bool_)
        touched[kept] = touched[gone] = True
        # By reducibility nobody's nearest changes but theirs whose nearest has just merged.
        self._dirty = touched | touched[self._nearest]
        self._drop(gone, kept)

    def _drop(self, gone: Rows, kept: Rows) -> None:
        alive = np.ones(len(self), dtype=np.bool_)
        alive[gone] = False
        place = np.cumsum(alive) - 1
        if self._lists is not None:
            self._lists.moved(self._means, kept)
            self._lists.keep(alive)
        self._nearest = np.where(self._nearest >= 0, place[self._nearest], -1)[alive]
        for name in ("_means", "_sizes", "_first", "_similarity", "_dirty"):
            setattr(self, name, getattr(self, name)[alive])

    def owners(self) -> Rows:
        """For each row the first row of its cluster."""
        parent = self._parent
        while True:
            above = parent[parent]
            if np.array_equal(above, parent):
                return parent
            parent = above


class _Homes:
    """Which list each cluster stands in."""

    def __init__(self, means: Floats, seed: int, per_list: int) -> None:
        self._made_for = len(means)
        self._centres = Centres(means, lists_of(len(means), per_list), seed)
        self._home = self._centres.nearest(means, 1)[:, 0]

    def stale(self, clusters: int) -> bool:
        """True when the lists have become half as long."""
        return 2 * clusters < self._made_for

    def search(self, queries: Floats, means: Floats, rows: Rows, probes: int) -> Found:
        """The nearest cluster of each query, which is the cluster at ``rows``."""
        grouped = Grouped.of(self._home, len(self._centres))
        probed, home = self._centres.nearest(queries, probes), self._home[rows]
        # Among many equal centres, those of many equal vectors, a cluster's own need not be one of the nearest found.
        away = ~(probed == home[:, None]).any(axis=1)
        probed[away, -1] = home[away]
        return among_probed(queries, probed, means, grouped, 1, rows, spread=True)

    def moved(self, means: Floats, rows: Rows) -> None:
        """The clusters at ``rows`` have new means."""
        self._home[rows] = self._centres.nearest(means[rows], 1)[:, 0]

    def keep(self, alive: npt.NDArray[np.bool_]) -> None:
        """Drop the clusters that are not ``alive``."""
        self._home = self._home[alive]
