"""A seeded sample of a stream, and intervals for figures that need a whole sample at once."""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from duologue.evaluation.bootstrap import LEAST, Array, Estimate, interval

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


def until(items: Sequence[T], most: float, size: Callable[[T], int]) -> Sequence[T]:
    """The first items, as many as it takes to hold ``most`` in all."""
    held = 0
    for place, item in enumerate(items):
        if held >= most:
            return items[:place]
        held += size(item)
    return items


def estimate(
    figure: Callable[[Sequence[T]], float | None],
    items: Sequence[T],
    *,
    cluster: Callable[[T], bytes],
    seed: int,
    salt: str,
    resampled: bool = True,
    halves: int = HALVES,
    replicates: int = 1000,
) -> Estimate | None:
    """A figure over a sample, with an interval from its spread over random halves; None when there is no figure.

    Resampling with replacement would count repeats that are not in the data, so halves are drawn without (the
    delete-half jackknife of Shao and Wu, 1989: their variance around their mean estimates that of the whole). A figure
    that depends on the number of items is higher or lower on halves throughout; only their spread is used. Items of one
    ``cluster`` are drawn together; there is no interval below :data:`LEAST` clusters.

    The replicates are the halves' deviations, weighted at random, so that differences between data sets can be tested as
    those of ratios. Halves and weights follow from clusters, seed and ``salt``, the name of what is measured: clusters that
    two data sets share are drawn together in both, and the difference is paired as far as they go.
    """
    value = figure(items)
    if value is None:
        return None
    keys = [hashlib.blake2b(salt.encode() + b"\x1f" + cluster(item), digest_size=8).digest() for item in items]
    plain = Estimate(value, value, value, len(items), clusters=len(set(keys)))
    if not resampled or len(set(keys)) < LEAST:
        return plain
    numbers = np.frombuffer(b"".join(keys), dtype=">u8").astype(np.uint64)
    made = (figure([items[i] for i in chosen]) for chosen in _halves(numbers, seed, halves))
    found = np.array([math.nan if part is None else part for part in made])
    told = ~np.isnan(found)
    if told.sum() < max(2, halves // 2):
        return plain
    deviations = np.where(told, found - found[told].mean(), 0.0) / math.sqrt(told.sum() - 1)
    name = int.from_bytes(hashlib.blake2b(salt.encode(), digest_size=8).digest(), "big")
    weights = np.random.default_rng([seed, name]).standard_normal((replicates, halves))
    drawn: Array = value + weights @ deviations
    low, high = interval(drawn)
    return Estimate(value, low, high, len(items), replicates=drawn, clusters=plain.clusters)


def _halves(numbers: npt.NDArray[np.uint64], seed: int, halves: int) -> Iterator[list[int]]:
    """Indices of half of the items, by a hash of each one's number that is another for each half (splitmix64)."""
    for half in range(halves):
        mixed = numbers + np.uint64((seed * halves + half + 1) * 0x9E3779B97F4A7C15 % 2**64)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        chosen: list[int] = np.sort(np.argsort(mixed, kind="stable")[: len(numbers) // 2]).tolist()
        yield chosen
