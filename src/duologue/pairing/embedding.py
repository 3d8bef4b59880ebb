"""Pairs users whose profiles are alike as a whole."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from duologue.models.protocol import Embedder, Floats
from duologue.pairing.protocol import Edge, EdgeTable
from duologue.records import Profile
from duologue.vectors.lists import neighbours
from duologue.vectors.threads import product

EXACT = 30_000
"""Most users of whom all pairs are compared."""
_ENOUGH = 16
_BLOCK = 512
_USERS = 16_384
"""Users whose mean vectors are made at once; their attributes' vectors are held beside all means."""


def mean_vectors(users: Sequence[Profile], embedder: Embedder) -> Floats:
    """Return an array (len(users), dimensions): each profile's mean attribute embedding, of unit length.

    An attribute that several profiles hold is asked for once where there are at most ``_USERS`` users, above that once
    in each block of so many; the embedder is to keep it meanwhile. A profile without attributes gets zeros.
    """
    means: Floats | None = None
    for start in range(0, len(users), _USERS):
        block = _means(users[start : start + _USERS], embedder)
        if means is None:
            means = np.empty((len(users), block.shape[1]), dtype=np.float32)
        means[start : start + len(block)] = block
    return embedder.embed(()) if means is None else means


def _means(users: Sequence[Profile], embedder: Embedder) -> Floats:
    places = {text: row for row, text in enumerate(dict.fromkeys(a.text for user in users for a in user.attributes))}
    rows = embedder.embed(list(places))
    means = np.zeros((len(users), rows.shape[1]), dtype=np.float32)
    counts = np.array([len(user.attributes) for user in users], dtype=np.int64)
    held = np.array([places[a.text] for user in users for a in user.attributes], dtype=np.int64)
    some = np.flatnonzero(counts)
    if len(some):
        starts = np.cumsum(counts[some]) - counts[some]
        means[some] = np.add.reduceat(rows[held], starts, axis=0) / counts[some, None].astype(np.float32)
    norms = np.linalg.norm(means, axis=1, keepdims=True)
    means /= np.where(norms > 0, norms, np.float32(1.0))
    return means


class EmbeddingSimilarity:
    """Score: cosine similarity of the profiles' mean vectors in [0, 1], at least ``least``; below 0 counts as 0."""

    name = "embedding"

    def __init__(self, least: float) -> None:
        self._least = least

    def edges(
        self, users: Sequence[Profile], vectors: Callable[[], Floats], partners: int, rng: random.Random
    ) -> Iterable[Edge]:
        """Return each user's most similar partners, by blocks of the similarity matrix.

        Of more than ``EXACT`` users some of the most similar, by inverted lists; ``rng`` is needed there alone.
        """
        rows = vectors()
        if len(users) <= EXACT:
            return self._of_all(rows, min(partners, len(users) - 1))
        found = neighbours(rows, min(partners, _ENOUGH), seed=rng.getrandbits(32))
        i, place = np.nonzero((found.rows >= 0) & (np.maximum(found.similarity, 0.0) >= self._least))
        score = np.clip(found.similarity[i, place].astype(np.float64), 0.0, 1.0)
        return EdgeTable(i.astype(np.int32), found.rows[i, place].astype(np.int32), score)

    def _of_all(self, rows: Floats, keep: int) -> Iterator[Edge]:
        n = len(rows)
        if keep < 1:
            return
        for start in range(0, n, _BLOCK):
            block = product(rows[start : start + _BLOCK], rows.T)
            block[np.arange(len(block)), np.arange(start, start + len(block))] = -np.inf
            best = np.argpartition(-block, keep - 1, axis=1)[:, :keep]
            for offset in range(len(block)):
                for j in best[offset].tolist():
                    score = max(0.0, float(block[offset, j]))
                    if score >= self._least:
                        yield Edge(start + offset, j, min(score, 1.0))
