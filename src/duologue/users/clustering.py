"""Persona categories by agglomerative clustering: average linkage on cosine distance (paper, section 3.1).

All distances are ``1 - cosine``, in [0, 2]. The paper gives 0.1 for BERT vectors, which are far denser than MiniLM's;
``expansion.cluster_distance`` documents our own value.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from duologue.errors import ImpossibleRequest
from duologue.models.protocol import Floats

MAX_ROWS = 30_000
"""Most rows that are clustered: at the peak the condensed distances stand in memory twice, 7.2 GB for so many."""
_BLOCK = 1024

Labels = npt.NDArray[np.int64]


def cluster(vectors: Floats, distance: float) -> Labels:
    """Return one label per row, numbered from 0 in the order in which each cluster's first member appears.

    ``vectors`` is (n, dimensions) with unit-length rows. Clusters merge while the average cosine distance between
    their members is at most ``distance``. Time and memory grow with n squared (8 n squared bytes at the peak); raises
    :class:`ImpossibleRequest` above ``MAX_ROWS`` rows.
    """
    n = len(vectors)
    if n > MAX_ROWS:
        raise ImpossibleRequest(
            f"clustering {n:,} attributes needs {8 * n * n / 1e9:.0f} GB of memory, at most {MAX_ROWS:,} attributes can be "
            "clustered: use fewer seeds (seeds.limit) or a smaller expansion.target"
        )
    if n < 2:
        return np.zeros(n, dtype=np.int64)
    import fastcluster

    merges = fastcluster.linkage(_condensed(vectors), method="average", preserve_input=False)
    return _cut(merges, n, distance)


def assign(vectors: Floats, members: Floats, labels: Labels, distance: float) -> Labels:
    """Return a label for each of the m new ``vectors`` (m, dimensions), taken in order.

    A new row joins the cluster of least average cosine distance when that is at most ``distance``, else it founds a
    cluster with the next free label. ``members`` (n, dimensions) are the rows clustered before and ``labels`` (n,)
    their labels, 0 to the number of clusters - 1. A row that joined counts as a member for those after it.
    The average distance to a cluster is 1 - (row · sum of its members) / size, so no pair is compared twice.
    """
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
        similar = rows[start : start + _BLOCK] @ rows[start:].T
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
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(int(root), len(numbers)) for root in parent[:n]], dtype=np.int64)
