from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.engine.flow import ordered, stream
from duologue.errors import RunStopped


class Work:
    """Doubles a number after so many rounds of the loop, and notes how much was at work at once."""

    def __init__(self, rounds: dict[int, int] | None = None, fails: int | None = None) -> None:
        self.rounds = rounds or {}
        self.fails = fails
        self.active = self.peak = 0
        self.cancelled: list[int] = []

    async def __call__(self, item: int) -> int:
        self.active += 1
        self.peak = max(self.peak, self.active)
        try:
            for _ in range(self.rounds.get(item, 1)):
                await asyncio.sleep(0)
            if item == self.fails:
                raise RunStopped("enough")
            return item * 2
        except asyncio.CancelledError:
            self.cancelled.append(item)
            raise
        finally:
            self.active -= 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 6), max_size=25), st.integers(1, 7))
def test_every_item_is_worked_on_once_and_never_too_many_at_once(rounds: list[int], limit: int) -> None:
    async def run() -> None:
        work = Work(dict(enumerate(rounds)))
        found = [pair async for pair in stream(range(len(rounds)), work, limit=limit)]
        assert sorted(found) == [(i, i * 2) for i in range(len(rounds))]
        assert work.peak == min(limit, len(rounds))
        work = Work(dict(enumerate(rounds)))
        assert [r async for r in ordered(range(len(rounds)), work, limit=limit)] == [i * 2 for i in range(len(rounds))]
        assert work.peak <= limit

    asyncio.run(run())


def test_results_come_as_they_end_and_slots_are_refilled() -> None:
    async def run() -> list[int]:
        work = Work({0: 200})
        return [index async for index, _ in stream(range(20), work, limit=2)]

    found = asyncio.run(run())
    # The slow item holds one place only; the other place is refilled all the time.
    assert found[:-1] == [i for i in range(20) if i != 0]
    assert found[-1] == 0


def test_items_are_drawn_only_when_there_is_room() -> None:
    drawn = []

    def source() -> Iterator[int]:
        for i in range(1000):
            drawn.append(i)
            yield i

    async def run() -> None:
        results = ordered(source(), Work({0: 300}), limit=4)
        await anext(results)
        assert len(drawn) <= 2 * 4 + 1
        await results.aclose()  # type: ignore[attr-defined]

    asyncio.run(run())


def test_an_async_source_may_itself_be_a_stream() -> None:
    async def run() -> list[int]:
        inner = (pair[1] async for pair in stream(range(30), Work(), limit=5))
        return sorted([value async for _, value in stream(inner, Work(), limit=3)])

    assert asyncio.run(run()) == [i * 4 for i in range(30)]


@pytest.mark.parametrize("mapper", [stream, ordered])
def test_an_error_cancels_the_rest_and_waits_for_it(mapper: object) -> None:
    async def run() -> Work:
        work = Work(dict.fromkeys(range(1, 100), 10_000), fails=0)
        with pytest.raises(RunStopped, match="enough"):
            async for _ in mapper(range(100), work, limit=6):  # type: ignore[operator]
                pass
        return work

    work = asyncio.run(run())
    assert work.active == 0
    assert sorted(work.cancelled) == [1, 2, 3, 4, 5]


def test_an_error_of_the_source_is_raised() -> None:
    async def broken() -> AsyncIterator[int]:
        yield 1
        raise RunStopped("source")

    def plain() -> Iterator[int]:
        yield 1
        raise RunStopped("source")

    async def run() -> None:
        for source in (broken(), plain()):
            with pytest.raises(RunStopped, match="source"):
                async for _ in stream(source, Work(), limit=2):
                    pass

    asyncio.run(run())


def test_leaving_early_cancels_what_is_at_work() -> None:
    async def run() -> Work:
        work = Work({0: 1, 1: 10_000, 2: 10_000})
        results = stream(range(3), work, limit=3)
        await anext(results)
        await results.aclose()  # type: ignore[attr-defined]
        return work

    work = asyncio.run(run())
    assert work.active == 0
    assert sorted(work.cancelled) == [1, 2]


def test_a_limit_below_one_is_refused() -> None:
    async def run() -> None:
        with pytest.raises(ValueError, match="at least 1"):
            await anext(stream([1], Work(), limit=0))

    asyncio.run(run())
