"""A seeded sample of a stream, and intervals for figures that need a whole sample at once."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

from duologue.evaluation.bootstrap import Array, Estimate, interval

HALVES = 24
"""Half samples that an interval is made of."""

T = TypeVar("T")


class Sample(Generic[T]):
    """The ``size`` items of least hash: the same whatever the order, and a sample of any part is part of the sample."""

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self.seen = 0
        self._seed = seed
        self._heap: list[tuple[int, int, T]] = []
        self._met: dict[bytes, int] = {}

    def numbered(self, key: bytes) -> bytes:
        """A key of its own for each item: ``key`` and how often it was met before.

        Without it all copies of one item would share a hash, and be in the sample together or not at all. Call it once
        an item. Keeps a key and a count of each different item.
        """
        again = self._met.get(key, 0)
        self._met[key] = again + 1
        return key + again.to_bytes(8, "big") if again else key

    def wants(self, key: bytes) -> int | None:
        """The rank of an item with this key if it would be held now, else None."""
        digest = hashlib.blake2b(b"sample" + self._seed.to_bytes(8, "big") + key, digest_size=8).digest()
        rank = int.from_bytes(digest, "big")
        if len(self._heap) < self.size or rank < -self._heap[0][0]:
            return rank
        return None

    def offer(self, key: bytes, item: T) -> None:
        """Take the item if its hash is among the least so far."""
        self.seen += 1
        rank = self.wants(key)
        if rank is None or not self.size:
            return
        # The count keeps items of one hash apart, for they need not compare.
        entry = (-rank, -self.seen, item)
        if len(self._heap) < self.size:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heapreplace(self._heap, entry)

    def items(self) -> list[T]:
        """The sample, least hash first."""
        return [item for _, _, item in sorted(self._heap, key=lambda entry: (-entry[0], -entry[1]))]


def estimate(
    figure: Callable[[Sequence[T]], float | None],
    items: Sequence[T],
    *,
    seed: int,
    salt: str,
    resampled: bool = True,
    halves: int = HALVES,
    replicates: int = 1000,
) -> Estimate | None:
    """A figure over a sample, with an interval from its spread over random halves; None when there is no figure.

    Resampling with replacement would count repeats that are not in the data, so halves are drawn without (the
    delete-half jackknife of Shao and Wu, 1989: their variance around their mean estimates that of the whole). A figure
    that depends on the number of items is higher or lower on halves throughout; only their spread is used. The
    replicates are drawn from a normal distribution of that spread, so that differences between data sets can be tested
    as those of ratios. ``salt`` names what is measured of what.
    """
    value = figure(items)
    if value is None:
        return None
    if not resampled or len(items) < 8:
        return Estimate(value, value, value, len(items))
    # Different data sets and metrics must not share their draws, or differences between them would seem too sure.
    name = int.from_bytes(hashlib.blake2b(salt.encode(), digest_size=8).digest(), "big")
    generator = np.random.default_rng([seed, name])
    found: list[float] = []
    for _ in range(halves):
        chosen = generator.permutation(len(items))[: len(items) // 2]
        part = figure([items[i] for i in sorted(chosen.tolist())])
        if part is not None:
            found.append(part)
    if len(found) < halves // 2:
        return Estimate(value, value, value, len(items))
    spread = float(np.std(found, ddof=1))
    drawn: Array = value + spread * generator.standard_normal(replicates)
    low, high = interval(drawn)
    return Estimate(value, low, high, len(items), replicates=drawn)
