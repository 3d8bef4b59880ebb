"""Persona categories by agglomerative clustering: average linkage on cosine distance (paper, section 3.1).

All distances are ``1 - cosine``, in [0, 2]. The paper gives 0.1 for BERT vectors, which are far denser than MiniLM's;
``expansion.cluster_distance`` documents our own value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from duologue.models.protocol import Floats
from duologue.users.linkage import TAIL, link
from duologue.vectors.search import Grouped, among_all
from duologue.vectors.threads import alone, product

MAX_ROWS = 30_000
"""Most rows whose distances are all held: at the peak they stand in memory twice, 7.2 GB for so many."""
_BLOCK = 1024
_JOINING = 4096
"""Rows that join clusters at once where there are many."""

Labels = npt.NDArray[np.int64]
Method = Literal["auto", "exact", "approximate"]


def cluster(vectors: Floats, distance: float, method: Method = "auto") -> Labels:
    """Return one label per row, numbered from 0 in the order in which each cluster's first member appears.

    ``vectors`` is (n, dimensions) with unit-length rows. Clusters merge while the average cosine distance between
    their members is at most ``distance``. ``exact``: all pairs are compared; time grows with n squared, memory too up to
    ``MAX_ROWS`` rows (8 n squared bytes at the peak), above it with n. ``approximate``: nearest clusters are looked for in
    inverted lists until few are left, time and memory grow with n (:mod:`duologue.users.linkage`). ``auto``: exact up to
    ``MAX_ROWS`` rows.
    """
    n = len(vectors)
    if n < 2:
        return np.zeros(n, dtype=np.int64)
    if n > MAX_ROWS or method == "approximate":
        return _numbered(link(vectors, distance, tail=n if method == "exact" else min(TAIL, n // 10)))
    import fastcluster

    merges = fastcluster.linkage(_condensed(vectors), method="average", preserve_input=False)
    return _cut(merges, n, distance)


def assign(vectors: Floats, members: Floats, labels: Labels, distance: float) -> Labels:
    """Return a label for each of the m new ``vectors`` (m, dimensions), taken in order.

    A new row joins the cluster of least average cosine distance when that is at most ``distance``, else it founds a
    cluster with the next free label. ``members`` (n, dimensions) are the rows clustered before and ``labels`` (n,)
    their labels, 0 to the number of clusters - 1. A row that joined counts as a member for those after it.
    The average distance to a cluster is 1 - (row · sum of its members) / size, so no pair is compared twice. Above
    ``MAX_ROWS`` rows in all, the new ones come in blocks: a block's rows join the clusters from before the block, and
    those that join none are clustered among themselves.
    """
    m = len(vectors)
    if m and m + len(members) > MAX_ROWS:
        return _join_in_blocks(vectors, members, labels, distance)
    return alone(lambda: _join(vectors, members, labels, distance))


def _join(vectors: Floats, members: Floats, labels: Labels, distance: float) -> Labels:
    m = len(vectors)
    out = np.zeros(m, dtype=np.int64)
    if m == 0:
        return out
    known = int(labels.max()) + 1 if len(labels) else 0
    sums = np.zeros((known + m, vectors.shape[1]), dtype=np.float64)
    sizes = np.zeros(known + m, dtype=np.float64)
    np.add.at(sums, labels, members)
    np.add.at(sizes, labels, 1.0)
    for row in range(m):
        best = -1
        if known:
            distances = 1.0 - (sums[:known] @ vectors[row]) / np.maximum(sizes[:known], 1.0)
            best = int(np.argmin(distances))
            if distances[best] > distance:
                best = -1
        if best < 0:
            best = known
            known += 1
        sums[best] += vectors[row]
        sizes[best] += 1.0
        out[row] = best
    return out


def groups(labels: Labels | Sequence[int]) -> list[list[int]]:
    """Return the rows of each label, by label; rows in order."""
    count = max((int(label) for label in labels), default=-1) + 1
    found: list[list[int]] = [[] for _ in range(count)]
    for row, label in enumerate(labels):
        found[int(label)].append(row)
    return found


def _condensed(vectors: Floats) -> npt.NDArray[np.float64]:
    """Cosine distances of all row pairs (i < j), row by row, as fastcluster wants them; in blocks to spare memory."""
    n = len(vectors)
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    out = np.empty(n * (n - 1) // 2, dtype=np.float64)
    place = 0
    for start in range(0, n, _BLOCK):
        similar = product(rows[start : start + _BLOCK], rows[start:].T)
        for offset in range(len(similar)):
            line = similar[offset, offset + 1 :]
            np.subtract(1.0, line, out=out[place : place + len(line)])
            place += len(line)
    return np.clip(out, 0.0, 2.0, out=out)


def _cut(merges: npt.NDArray[np.float64], n: int, distance: float) -> Labels:
    """Labels after all merges of height at most ``distance``. Average linkage is monotone, so the order is right."""
    parent = np.arange(2 * n - 1)
    for step, (left, right, height, _) in enumerate(merges):
        if height > distance:
            break
        parent[int(left)] = parent[int(right)] = n + step
    for node in range(2 * n - 2, -1, -1):
        parent[node] = parent[parent[node]]
    return _numbered(parent[:n])


def _numbered(roots: npt.NDArray[np.int64]) -> Labels:
    """Labels from 0 in order of appearance, equal where ``roots`` are."""
    _, first, inverse = np.unique(roots, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return np.asarray(number[inverse.reshape(-1)], dtype=np.int64)


def _join_in_blocks(vectors: Floats, members: Floats, labels: Labels, distance: float) -> Labels:
    means = np.zeros((int(labels.max()) + 1 if len(labels) else 0, vectors.shape[1]), dtype=np.float32)
    sizes = np.zeros(len(means), dtype=np.float64)
    _add(means, sizes, members, labels)
    out = np.empty(len(vectors), dtype=np.int64)
    for start in range(0, len(vectors), _JOINING):
        block = vectors[start : start + _JOINING]
        to = np.full(len(block), -1, dtype=np.int64)
        if len(means):
            found = among_all(block, means, 1)
            near = 1.0 - found.similarity[:, 0] <= distance
            to[near] = found.rows[near, 0]
        alone = np.flatnonzero(to < 0)
        founded = cluster(block[alone], distance)
        to[alone] = len(means) + founded
        more = int(founded.max()) + 1 if len(founded) else 0
        means = np.concatenate([means, np.zeros((more, means.shape[1]), dtype=np.float32)])
        sizes = np.concatenate([sizes, np.zeros(more)])
        _add(means, sizes, block, to)
        out[start : start + len(block)] = to
    return out


def _add(means: Floats, sizes: npt.NDArray[np.float64], vectors: Floats, labels: Labels) -> None:
    """Take the rows into the ``means`` and ``sizes`` of their labels, in place."""
    grouped = Grouped.of(labels, len(means))
    added = np.diff(grouped.starts)
    for label in np.flatnonzero(added).tolist():
        total = sizes[label] + added[label]
        share = sizes[label] / total
        mean = vectors[grouped.rows(label)].mean(axis=0, dtype=np.float64)
        means[label] = share * means[label] + (1.0 - share) * mean
        sizes[label] = total
