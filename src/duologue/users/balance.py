"""Draws attributes so that all are used about equally often."""

from __future__ import annotations

import random
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
        self._buckets: list[list[list[int]]] = []
        """By uses, then by group."""
        self._vain: list[int] = []
        """By uses, how often lately the tries ended before the bucket did; at most ``_VAIN``."""
        self._add_bucket()
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
        for level, bucket in enumerate(self._buckets):
            pools = [rows for group, rows in enumerate(bucket) if rows and group not in without]
            sizes = [len(rows) for rows in pools]
            left = sum(sizes)
            least = max(0, left - max(1, tries >> self._vain[level]))
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
                    self._vain[level] = max(0, self._vain[level] - 1)
                    self._move(row, 1)
                    return row
                left -= 1
                sizes[pool] -= 1
                self._swap(rows, place, sizes[pool])
            if barred:
                self._vain[level] = min(_VAIN, self._vain[level] + 1)
        return None

    def give_back(self, row: int) -> None:
        """Take one use of ``row`` back."""
        self._move(row, -1)

    def _swap(self, rows: list[int], one: int, other: int) -> None:
        rows[one], rows[other] = rows[other], rows[one]
        self._place[rows[one]], self._place[rows[other]] = one, other

    def _move(self, row: int, step: int) -> None:
        home = self._buckets[self.uses[row]][self.groups[row]]
        self._swap(home, self._place[row], len(home) - 1)
        home.pop()
        self.uses[row] += step
        while len(self._buckets) <= self.uses[row]:
            self._add_bucket()
        self._put(row)

    def _add_bucket(self) -> None:
        self._buckets.append([[] for _ in range(self._count)])
        self._vain.append(0)

    def _put(self, row: int) -> None:
        home = self._buckets[self.uses[row]][self.groups[row]]
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
