"""Draws attributes so that all are used about equally often."""

from __future__ import annotations

import random
from collections.abc import Callable


class Balance:
    """Rows 0 to n - 1 in buckets by how often they were used. Drawing takes from the least used bucket first."""

    def __init__(self, n: int) -> None:
        self.uses = [0] * n
        self._buckets: list[list[int]] = [list(range(n))]
        self._place = list(range(n))

    def draw(self, rng: random.Random, fits: Callable[[int], bool], tries: int) -> int | None:
        """Return a random row of the least used that ``fits`` accepts, counted as used; None when there is none.

        After ``tries`` refusals among rows of equal use the search goes on among those used once more, so that what
        fits nowhere, such as the rest of one large category, does not hide what does.
        """
        for bucket in self._buckets:
            size = len(bucket)
            least = max(0, size - tries)
            # A partial Fisher-Yates walk: refused rows go to the end of the bucket, so none is tried twice.
            while size > least:
                place = rng.randrange(size)
                row = bucket[place]
                if fits(row):
                    self._move(row, 1)
                    return row
                size -= 1
                self._swap(bucket, place, size)
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
        home = self._buckets[self.uses[row]]
        self._place[row] = len(home)
        home.append(row)
