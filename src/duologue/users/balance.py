"""Draws attributes so that all are used about equally often."""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Sequence

_VAIN = 5
"""Times that the rows looked at are halved at most."""
NO_GROUPS: Sequence[int] = ()


class Balance:
    """Rows 0 to n - 1 in buckets by how often they were used. Drawing takes from the least used bucket first."""

    def __init__(self, n: int, groups: Sequence[int] = NO_GROUPS) -> None:
        """``groups`` names the group of each row, from 0; those of a large group can be left out as a whole. Empty: one group."""
        self.uses = [0] * n
        self.groups = groups or [0] * n
        self._count = 1 + max(self.groups, default=0)
        self._place = [0] * n
        self._buckets: dict[int, list[list[int]]] = {}
        """By uses, then by group; only those that hold a row."""
        self._levels: list[int] = []
        """The uses that there are, ascending: where rows are used hundreds of times, most numbers below are nobody's."""
        self._vain: dict[int, int] = {}
        """By uses, how often lately the tries ended before the bucket did; at most ``_VAIN``."""
        for row in range(n):
            self._put(row)

    def draw(
        self, rng: random.Random, fits: Callable[[int], bool], tries: int, without: Collection[int] = ()
    ) -> int | None:
        """Return a random row of the least used that ``fits`` accepts, counted as used; None when there is none.

        No row of the groups ``without`` is looked at. After ``tries`` refusals among rows of equal use the search goes on
        among those used once more, so that what fits nowhere does not hide what does. Where that happens again and
        again fewer rows are looked at, down to a 32nd of ``tries``, until some fit again.
        """
        for level in self._levels:
            pools = [rows for group, rows in enumerate(self._buckets[level]) if rows and group not in without]
            sizes = [len(rows) for rows in pools]
            left = sum(sizes)
            vain = self._vain.get(level, 0)
            least = max(0, left - max(1, tries >> vain))
            barred = least > 0
            # A partial Fisher-Yates walk: refused rows go to the end of their list, so none is tried twice.
            while left > least:
                place, pool = rng.randrange(left), 0
                while place >= sizes[pool]:
                    place -= sizes[pool]
                    pool += 1
                rows = pools[pool]
                row = rows[place]
                if fits(row):
                    self._vain[level] = max(0, vain - 1)
                    self._move(row, 1)
                    return row
                left -= 1
                sizes[pool] -= 1
                self._swap(rows, place, sizes[pool])
            if barred:
                self._vain[level] = min(_VAIN, vain + 1)
        return None

    def give_back(self, row: int) -> None:
        """Take one use of ``row`` back."""
        self._move(row, -1)

    def _swap(self, rows: list[int], one: int, other: int) -> None:
        rows[one], rows[other] = rows[other], rows[one]
        self._place[rows[one]], self._place[rows[other]] = one, other

    def _move(self, row: int, step: int) -> None:
        level = self.uses[row]
        bucket = self._buckets[level]
        home = bucket[self.groups[row]]
        self._swap(home, self._place[row], len(home) - 1)
        home.pop()
        if not home and not any(bucket):
            del self._buckets[level]
            del self._levels[bisect_left(self._levels, level)]
        self.uses[row] += step
        self._put(row)

    def _put(self, row: int) -> None:
        level = self.uses[row]
        bucket = self._buckets.get(level)
        if bucket is None:
            bucket = self._buckets[level] = [[] for _ in range(self._count)]
            insort(self._levels, level)
        home = bucket[self.groups[row]]
        self._place[row] = len(home)
        home.append(row)


def large_groups(categories: Sequence[str], share: float) -> list[int]:
    """Return a group for each row: those of a category that holds more than ``share`` of all rows have one of their own.

    0 is the group of all other rows; an empty category is none.
    """
    counts: dict[str, int] = {}
    for category in categories:
        counts[category] = counts.get(category, 0) + 1
    large = [category for category, count in counts.items() if category and count > share * len(categories)]
    number = {category: place for place, category in enumerate(large, start=1)}
    return [number.get(category, 0) for category in categories]
