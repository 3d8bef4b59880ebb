"""The driver's side of a Ray run, as far as it goes without Ray."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.executors.conftest import configure

from duologue.errors import DuologueError, Interrupted, ModelError, RunStopped
from duologue.executors.ray import executor as module
from duologue.executors.ray.executor import RayExecutor, cut, ranges
from duologue.executors.ray.messages import News
from duologue.records import Outcome


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
    """What an executor asks of the run; of three pairs one was finished before, and one failed."""

    backend = None
    memory: Any = None

    async def recall(self, stage: str, iteration: int, item: str) -> Outcome | None:
        ended = ("accepted", "failed", None)[int(item[2:]) % 3]
        return None if ended is None else Outcome("conversation", item, ended, iteration=iteration)  # type: ignore[arg-type]


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


@pytest.mark.parametrize(
    ("stopped", "state", "expected"),
    [
        (Interrupted("Ctrl+C"), "stopped", Interrupted),
        (None, "stopped", RunStopped),
        (None, "ModelError", ModelError),
    ],
)
def test_why_the_driver_stops_beats_that_its_workers_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: DuologueError | None, state: str, expected: type
) -> None:
    """Workers that were told to end say no more than that; an interrupt has an exit code of its own."""
    asked: list[str] = []

    async def ask(method: str, *_: object) -> None:
        asked.append(method)

    async def nothing(*_: object) -> None:
        return None

    class Engine:
        spent = (0, 0)
        halted: DuologueError | None = None

        def check(self) -> None:
            if self.halted is not None:
                raise self.halted

    engine = Engine()

    class Ending(RayExecutor):
        async def _reports(self, shards: list[str], job: Any, workers: int) -> AsyncGenerator[Any, None]:
            engine.halted = stopped
            for shard in shards:
                yield shard, state, "told to end"

        async def _hear(self) -> News:
            return News()

        def _make_hub(self) -> Any:
            return SimpleNamespace(plan="plan", stop="stop", close="close")

    monkeypatch.setattr(module, "ask", ask)
    parts: Any = SimpleNamespace(
        backend=None, config=configure(tmp_path, kind="ray"), folder=tmp_path, database=None, engine=engine,
        ledger=SimpleNamespace(flush=nothing), memory=SimpleNamespace(recall=nothing),
        revision=SimpleNamespace(id=1, pass_=1),
    )  # fmt: skip
    session: Any = SimpleNamespace(release=lambda: None, workers=lambda: 1)
    pairs: Any = [SimpleNamespace(id=f"p-{place}", index=place) for place in range(2)]

    async def go() -> None:
        pool: Any = None
        work: Any = None
        async for _ in Ending(session, parts).winners(pairs, 1, pool, work):
            pass

    with pytest.raises(DuologueError) as raised:
        asyncio.run(go())
    assert type(raised.value) is expected
    assert asked == ["plan", "stop", "close"]
