from __future__ import annotations

import asyncio

import pytest

from duologue.engine.limiter import Limiter
from duologue.errors import RunStopped


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def rounds(
    limiter: Limiter, clock: Clock, n: int, *, refused_above: int | None = None, latency: float = 1.0
) -> None:
    """Fill all slots, let time pass, and end all calls; those beyond ``refused_above`` are refused."""
    queue = [asyncio.ensure_future(limiter.acquire()) for _ in range(2000)]
    for _ in range(n):
        await asyncio.sleep(0)
        active, started = limiter.active, clock.now
        clock.now += latency
        for i in range(active):
            limiter.release("busy" if refused_above is not None and i >= refused_above else "ok", started)
    for waiter in queue:
        waiter.cancel()
    await asyncio.gather(*queue, return_exceptions=True)


def test_a_slot_is_given_at_once_while_there_is_room_and_in_turn_after() -> None:
    async def run() -> list[str]:
        limiter = Limiter(2)
        order: list[str] = []

        async def one(name: str, first: bool = False) -> None:
            await limiter.acquire(first=first)
            order.append(name)

        await one("a")
        await one("b")
        waiting = [asyncio.ensure_future(one("c")), asyncio.ensure_future(one("d"))]
        await asyncio.sleep(0)
        waiting.append(asyncio.ensure_future(one("again", first=True)))
        await asyncio.sleep(0)
        assert order == ["a", "b"]
        for _ in range(3):
            limiter.release("ok", 0.0)
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)
        return order

    assert asyncio.run(run()) == ["a", "b", "again", "c", "d"]


def test_it_grows_to_the_maximum_while_latency_holds() -> None:
    async def run() -> int:
        clock = Clock()
        limiter = Limiter(512, clock=clock)
        assert limiter.limit < 64
        await rounds(limiter, clock, 6)
        return limiter.limit

    assert asyncio.run(run()) == 512


def test_it_does_not_grow_while_latency_rises(monkeypatch: pytest.MonkeyPatch) -> None:
    # The doubling at the start goes by the event loop's own clock; here answers alone are to count.
    monkeypatch.setattr("duologue.engine.limiter._TICK", 3600.0)

    async def run() -> None:
        clock = Clock()
        limiter = Limiter(4000, clock=clock)
        await rounds(limiter, clock, 1, latency=1.0)
        before = limiter.limit
        await rounds(limiter, clock, 3, latency=20.0)
        assert limiter.limit <= before + 5

    asyncio.run(run())


def test_it_finds_what_a_server_bears_and_recovers() -> None:
    async def run() -> None:
        clock = Clock()
        limiter = Limiter(256, clock=clock)
        await rounds(limiter, clock, 30, refused_above=10)
        assert 4 <= limiter.limit <= 20
        await rounds(limiter, clock, 60)
        assert limiter.limit > 100

    asyncio.run(run())


def test_it_never_goes_below_four() -> None:
    async def run() -> None:
        clock = Clock()
        limiter = Limiter(64, clock=clock)
        await rounds(limiter, clock, 100, refused_above=0)
        assert limiter.limit == 4
        assert Limiter(2).floor == 2

    asyncio.run(run())


def test_one_burst_cuts_once() -> None:
    async def run() -> None:
        clock = Clock()
        limiter = Limiter(32, clock=clock)
        for _ in range(32):
            await limiter.acquire()
        started = clock.now
        clock.now += 1
        for _ in range(32):
            limiter.release("busy", started)
        assert limiter.limit == 16

    asyncio.run(run())


def test_a_few_refusals_in_many_calls_do_not_throttle() -> None:
    async def run() -> None:
        clock = Clock()
        limiter = Limiter(64, clock=clock)
        await rounds(limiter, clock, 3)
        for i in range(3000):
            await limiter.acquire()
            limiter.release("busy" if i % 50 == 0 else "ok", clock.now)
        assert limiter.limit == 64

    asyncio.run(run())


def test_when_most_is_refused_everybody_waits_as_long_as_asked() -> None:
    async def run() -> None:
        clock = Clock()
        limiter = Limiter(16, clock=clock)
        for _ in range(16):
            await limiter.acquire()
        for _ in range(16):
            limiter.release("busy", clock.now, retry_after=30.0)
        waiting = asyncio.ensure_future(limiter.acquire())
        await asyncio.sleep(0)
        assert not waiting.done()
        clock.now += 31
        await limiter.acquire(first=True)
        await waiting
        assert limiter.active == 2

    asyncio.run(run())


def test_a_fixed_limit_stays() -> None:
    async def run() -> None:
        clock = Clock()
        limiter = Limiter(6, fixed=True, clock=clock)
        await rounds(limiter, clock, 20, refused_above=0)
        assert limiter.limit == 6

    asyncio.run(run())


def test_stop_reaches_those_who_wait_and_those_who_come() -> None:
    async def run() -> None:
        limiter = Limiter(1)
        await limiter.acquire()
        waiting = asyncio.ensure_future(limiter.acquire())
        await asyncio.sleep(0)
        limiter.stop(RunStopped("over"))
        for slot in (waiting, limiter.acquire()):
            with pytest.raises(RunStopped, match="over"):
                await slot
        limiter.release("ok", 0.0)
        assert limiter.active == 0

    asyncio.run(run())


def test_a_waiter_that_is_cancelled_blocks_nobody() -> None:
    async def run() -> None:
        limiter = Limiter(1)
        await limiter.acquire()
        gone = asyncio.ensure_future(limiter.acquire())
        late = asyncio.ensure_future(limiter.acquire())
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        limiter.release("ok", 0.0)
        late.cancel()  # its slot was just given to it
        await asyncio.gather(gone, late, return_exceptions=True)
        assert limiter.active == 0
        await limiter.acquire()

    asyncio.run(run())
