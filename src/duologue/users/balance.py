"""Draws attributes so that all are used about equally often."""

from __future__ import annotations

import random
from collections.abc import Callable

_VAIN = 5
"""Times that the rows looked at are halved at most."""


class Balance:
    """Rows 0 to n - 1 in buckets by how often they were used. Drawing takes from the least used bucket first."""

    def __init__(self, n: int) -> None:
        self.uses = [0] * n
        self._buckets: list[list[int]] = [list(range(n))]
        self._place = list(range(n))
        self._vain = [0]
        """For each bucket how often lately the tries ended before the bucket did; at most ``_VAIN``."""

    def draw(self, rng: random.Random, fits: Callable[[int], bool], tries: int) -> int | None:
        """Return a random row of the least used that ``fits`` accepts, counted as used; None when there is none.

        After ``tries`` refusals among rows of equal use the search goes on among those used once more, so that what
        fits nowhere, such as the rest of one large category, does not hide what does. Where that happens again and
        again fewer rows are looked at, down to a 32nd of ``tries``, until some fit again.
        """
        for level, bucket in enumerate(self._buckets):
            size = len(bucket)
            least = max(0, size - max(1, tries >> self._vain[level]))
            barred = least > 0
            # A partial Fisher-Yates walk: refused rows go to the end of the bucket, so none is tried twice.
            while size > least:
                place = rng.randrange(size)
                row = bucket[place]
                if fits(row):
                    self._vain[level] = max(0, self._vain[level] - 1)
                    self._move(row, 1)
                    return row
                size -= 1
                self._swap(bucket, place, size)
            if barred:
                self._vain[level] = min(_VAIN, self._vain[level] + 1)
        return None

    def give_back(self, row: int) -> None:
        """Take one use of ``row`` back."""
        self._move(row, -1)

    def _swap(self, bucket: list[int], one: int, other: int) -> None:
        bucket[one], bucket[other] = bucket[other], bucket[one]
        self._place[bucket[one]], self._place[bucket[other]] = one, other

    def _move(self, row: int, step: int) -> None:
        bucket = self._buckets[self.uses[row]]
        self._swap(bucket, self._place[row], len(bucket) - 1)
        bucket.pop()
        self.uses[row] += step
        while len(self._buckets) <= self.uses[row]:
            self._buckets.append([])
            self._vain.append(0)
        home = self._buckets[self.uses[row]]
        self._place[row] = len(home)
        home.append(row)
