"""The most similar of many vectors: by comparing all, or only those in inverted lists.

Both are matrix products over blocks of fixed size, each on one thread and as many at once as numpy would use threads: a
product on several threads differs in its last bits, and near ties then fall otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from duologue.models.protocol import Floats
from duologue.vectors.threads import each

Rows = npt.NDArray[np.int64]
_CELLS = 8_000_000
"""Most similarities held at once; 4 bytes each."""
EQUAL = 1e-6
"""Difference of two similarities up to which they count as equal where ties are spread; rounding makes less."""


@dataclass(frozen=True, slots=True)
class Found:
    """For each query its most similar rows, the best first."""

    rows: Rows
    """Array (queries, k); -1 where fewer were found."""
    similarity: Floats
    """Array (queries, k) of dot products; minus infinity where the row is -1."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """Rows by the list that each stands in."""

    order: Rows
    """All rows, list by list, ascending inside a list."""
    starts: Rows
    """Where each list starts in ``order``; one more entry than there are lists."""

    @classmethod
    def of(cls, home: Rows, lists: int) -> Grouped:
        """Group rows by ``home``, the list of each row, in [0, lists)."""
        starts = np.zeros(lists + 1, dtype=np.int64)
        np.cumsum(np.bincount(home, minlength=lists), out=starts[1:])
        # Of short numbers numpy's stable sort is a radix sort, in linear time.
        return cls(np.argsort(home.astype(np.uint16) if lists <= 2**16 else home, kind="stable"), starts)

    def rows(self, number: int) -> Rows:
        """The rows of one list."""
        return self.order[self.starts[number] : self.starts[number + 1]]


def among_all(
    queries: Floats, vectors: Floats, k: int, themselves: Rows | None = None, *, spread: bool = False
) -> Found:
    """Return for each query (m, d) its ``k`` most similar of all ``vectors`` (n, d).

    ``themselves`` (m,) names the row that a query is itself and that does not count. With ``spread``, for ``k`` of 1 and
    with ``themselves``, queries whose best rows are equally similar (:data:`EQUAL`) do not all get the first of these:
    each two rows have a number drawn for them, the same from both sides, and the greatest decides.
    """
    step = max(1, _CELLS // max(1, len(vectors)))
    every = np.arange(len(vectors))
    blocks = (
        (np.arange(start, min(start + step, len(queries))), every, vectors) for start in range(0, len(queries), step)
    )
    return _compared(queries, blocks, k, themselves, spread)


def among_probed(
    queries: Floats,
    probed: Rows,
    vectors: Floats,
    grouped: Grouped,
    k: int,
    themselves: Rows | None = None,
    *,
    spread: bool = False,
) -> Found:
    """Like :func:`among_all`, each query compared only with the rows of the lists in its line of ``probed`` (m, p).

    A -1 in ``probed`` is no list.
    """
    lists = len(grouped.starts) - 1
    asking = Grouped.of(np.where(probed < 0, lists, probed).reshape(-1), lists + 1)

    def blocks() -> Iterator[tuple[Rows, Rows, Floats]]:
        for number in range(lists):
            rows = grouped.rows(number)
            places = asking.rows(number) // probed.shape[1]
            step = max(1, _CELLS // max(1, len(rows)))
            for start in range(0, len(places) if len(rows) else 0, step):
                yield places[start : start + step], rows, vectors

    return _compared(queries, blocks(), k, themselves, spread)


def _compared(
    queries: Floats, blocks: Iterable[tuple[Rows, Rows, Floats]], k: int, themselves: Rows | None, spread: bool
) -> Found:
    """The best of all blocks. A block: places of queries, the ascending rows they are held against, and all vectors."""
    found = Found(np.full((len(queries), k), -1, dtype=np.int64), np.full((len(queries), k), -np.inf, dtype=np.float32))

    def work(block: tuple[Rows, Rows, Floats]) -> tuple[Rows, Rows, Floats]:
        places, rows, vectors = block
        members = vectors if len(rows) == len(vectors) else vectors[rows]
        own = None if themselves is None else themselves[places]
        return (places, *_best(queries[places] @ members.T, rows, own, k, spread))

    for places, name, value in each(work, blocks):
        _take(found, places, name, value, themselves if spread else None)
    return _sorted(found)


def _best(similar: Floats, rows: Rows, own: Rows | None, k: int, spread: bool) -> tuple[Rows, Floats]:
    """The ``k`` best of each line of ``similar``, the columns of which are ``rows``; a query's ``own`` row is none."""
    lines = np.arange(len(similar))
    if own is not None:
        at = np.searchsorted(rows, own)
        at[at == len(rows)] = 0
        hit = rows[at] == own
        similar[lines[hit], at[hit]] = -np.inf
    if k == 1:
        best = similar.argmax(axis=1)
        if spread and own is not None:
            _spread(similar, rows, own, best)
        return rows[best][:, None], similar[lines, best][:, None]
    take = min(k, len(rows))
    part = np.argpartition(similar, len(rows) - take, axis=1)[:, len(rows) - take :]
    return rows[part], np.take_along_axis(similar, part, axis=1)


def _spread(similar: Floats, rows: Rows, own: Rows, best: Rows) -> None:
    """Where several columns are as good as the best, let the pairs' numbers choose among them; ``best`` in place."""
    near = similar >= similar[np.arange(len(similar)), best][:, None] - np.float32(EQUAL)
    for line in np.flatnonzero(np.count_nonzero(near, axis=1) > 1).tolist():
        columns = np.flatnonzero(near[line])
        best[line] = columns[_numbers(own[line : line + 1], rows[columns]).argmax()]


def _numbers(one: Rows, other: Rows) -> npt.NDArray[np.uint64]:
    """A number for each two rows, as if drawn, whichever of them comes first (the finish of splitmix64)."""
    low, high = np.minimum(one, other).astype(np.uint64), np.maximum(one, other).astype(np.uint64)
    mixed = low * np.uint64(0x9E3779B97F4A7C15) + high * np.uint64(0xD1B54A32D192ED03)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _take(found: Found, places: Rows, name: Rows, value: Floats, themselves: Rows | None) -> None:
    """Let what a block found take the place of what is worse, in place; with ``themselves`` ties are spread."""
    if found.rows.shape[1] == 1:
        held, held_value = found.rows[places, 0], found.similarity[places, 0]
        better = value[:, 0] > held_value
        if themselves is not None:
            own = themselves[places]
            with np.errstate(invalid="ignore"):
                equal = (held >= 0) & (np.abs(value[:, 0] - held_value) <= EQUAL)
            better = np.where(equal, _numbers(own, name[:, 0]) > _numbers(own, held), better)
        found.rows[places[better]], found.similarity[places[better]] = name[better], value[better]
        return
    all_values = np.concatenate([found.similarity[places], value], axis=1)
    all_names = np.concatenate([found.rows[places], name], axis=1)
    all_names[all_values == -np.inf] = -1
    keep = np.argpartition(all_values, value.shape[1], axis=1)[:, value.shape[1] :]
    found.similarity[places] = np.take_along_axis(all_values, keep, axis=1)
    found.rows[places] = np.take_along_axis(all_names, keep, axis=1)


def _sorted(found: Found) -> Found:
    if found.rows.shape[1] == 1:
        return found
    order = np.lexsort((found.rows, -found.similarity), axis=1)
    return Found(np.take_along_axis(found.rows, order, axis=1), np.take_along_axis(found.similarity, order, axis=1))
