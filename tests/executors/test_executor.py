"""The driver's side of a Ray run, as far as it goes without Ray."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Any

from duologue.executors.ray.executor import RayExecutor, cut, ranges


class Fleeting(Sequence[Any]):
    """Pairs that are made when they are looked at; counts how many are alive at once."""

    class Pair:
        def __init__(self, pairs: Fleeting, place: int) -> None:
            self.id = f"p-{place}"
            self._pairs = pairs
            pairs.alive += 1
            pairs.most = max(pairs.most, pairs.alive)

        def __del__(self) -> None:
            self._pairs.alive -= 1

    def __init__(self, size: int) -> None:
        self.size = size
        self.alive = self.most = 0

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, place: Any) -> Any:
        if place >= self.size:
            raise IndexError(place)
        return self.Pair(self, place)

    def __iter__(self) -> Iterator[Any]:
        return (self[place] for place in range(self.size))


class Parts:
    """What an executor asks of the run; every third pair was finished before."""

    backend = None
    memory: Any = None

    async def recall(self, stage: str, iteration: int, item: str) -> object:
        return "known" if int(item[2:]) % 3 == 0 else None


class Driver(RayExecutor):
    """Notes what would be spread over the cluster."""

    spread: Sequence[int] = ()

    async def _spread(
        self, pairs: Sequence[Any], places: Sequence[int], iteration: int, pool: Any
    ) -> AsyncGenerator[Any, None]:
        self.spread = places
        for shard in cut(places, 4, 2, "s").values():
            for place in shard:
                yield pairs[place].id


def test_the_driver_keeps_places_not_pairs() -> None:
    pairs = Fleeting(300)
    parts: Any = Parts()
    parts.memory = parts

    async def work(pair: Any) -> Any:
        return pair.id

    async def go() -> tuple[Driver, list[Any]]:
        driver = Driver(None, parts)  # type: ignore[arg-type]
        pool: Any = None
        return driver, [found async for found in driver.winners(pairs, 1, pool, work)]

    driver, found = asyncio.run(go())
    assert sorted(found) == sorted(f"p-{place}" for place in range(300))
    assert list(driver.spread) == [place for place in range(300) if place % 3]
    assert pairs.most <= 3


def test_neighbours_share_a_shard() -> None:
    shards = cut(range(10, 30), None, 3, "r1")
    assert [list(shard) for shard in shards.values()] == [list(range(10, 16)), list(range(16, 23)), list(range(23, 30))]
    assert list(shards) == ["r1-000000", "r1-000001", "r1-000002"]
    assert len(cut(range(1000), None, 2, "r1")) == 4


def test_the_hub_gets_ranges_not_pairs() -> None:
    places = [place for place in range(1000) if place not in (300, 301, 700)]
    shards = [ranges(places[place] for place in shard) for shard in cut(range(997), 4, 2, "s").values()]
    assert [place for shard in shards for part in shard for place in part] == places
    assert sum(len(shard) for shard in shards) == 4 + 2
    assert ranges([]) == ()
