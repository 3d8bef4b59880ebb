"""The engine against servers that refuse, on a simulated clock: no time passes, and every run is the same."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import pytest

from duologue.backends.protocol import Answer, Features, Message, Request
from duologue.config.sections import BudgetConfig, EngineConfig
from duologue.engine.engine import Engine
from duologue.engine.flow import stream
from duologue.engine.refusals import LEAST_WAIT, LONGEST_OUTAGE
from duologue.engine.retry import RetryPolicy
from duologue.errors import CallError, ItemFailed, RunStopped
from duologue.store.call_log import CallLog

SECONDS = 0.5
"""What an answer takes; a refusal takes a twenty-fifth of that."""


class _Selector(selectors.SelectSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += max(timeout or 0.0, 0.0)
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """Its time goes on only when there is nothing to do but wait."""

    def __init__(self) -> None:
        self._simulated = _Selector()
        super().__init__(self._simulated)

    def time(self) -> float:
        return self._simulated.now


class Log:
    """Forgets all but the failures."""

    def __init__(self) -> None:
        self.failures: list[tuple[Any, ...]] = []

    def get(self, key: str) -> None:
        return None

    async def put(self, *call: object) -> None:
        await asyncio.sleep(0)

    def failed(self, *call: object) -> None:
        self.failures.append(call)

    def reused(self, *counts: object) -> None:
        return None

    def spent(self) -> tuple[int, int]:
        return 0, 0


@dataclass
class Server:
    """``refuses`` says whether a call is refused that comes now; ``after`` is its Retry-After."""

    refuses: Callable[[Server], bool]
    after: float | None = None
    status: int | None = 429
    kind: Literal["busy", "retry"] = "busy"
    refusal: float = SECONDS / 25
    name: str = "simulated"
    model: str = "m"
    features: Features = field(default_factory=Features)
    active: int = 0
    peak: int = 0
    came: int = 0
    refused: list[float] = field(default_factory=list)
    """When."""
    waits: list[float] = field(default_factory=list)
    """Between a refusal and the same call's next try."""
    random: random.Random = field(default_factory=lambda: random.Random(1))
    _last: dict[str, float] = field(default_factory=dict)

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def start(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def answer(self, request: Request) -> Answer:
        text = request.messages[0].content
        self.came += 1
        if text in self._last:
            self.waits.append(self.now - self._last.pop(text))
        if self.refuses(self):
            await asyncio.sleep(self.refusal)
            self.refused.append(self.now)
            self._last[text] = self.now
            raise CallError(self.kind, "come again", retry_after=self.after, status=self.status)
        self.active += 1
        self.peak = max(self.peak, self.active)
        try:
            await asyncio.sleep(SECONDS)
        finally:
            self.active -= 1
        return Answer(text, "stop", 1, 1)


@dataclass(frozen=True)
class Ran:
    seconds: float
    answered: int
    failed: int
    limits: list[int]
    """The limit at each answer."""
    stopped: RunStopped | None


def run(server: Server, *, calls: int = 2000, concurrency: int = 64) -> Ran:
    """``calls`` single calls through the engine."""

    async def go() -> Ran:
        loop = asyncio.get_running_loop()
        config = EngineConfig.model_validate({"concurrency": concurrency})
        engine = Engine(server, cast("CallLog", Log()), config, BudgetConfig.model_validate({}), clock=loop.time)
        engine._retry = RetryPolicy(config.retries, random.Random(2))
        await engine.start()
        limits: list[int] = []

        async def one(item: int) -> bool:
            try:
                answer = await engine.call(Request("p", "m", (Message("user", str(item)),)))
            except ItemFailed:
                return False
            limits.append(engine.usage().limit)
            return answer.text == str(item)

        ends, stopped = [], None
        try:
            async for _, good in stream(range(calls), one, limit=2 * concurrency):
                ends.append(good)
        except RunStopped as error:
            stopped = error
        seconds = loop.time()
        await engine.close()
        return Ran(seconds, sum(ends), len(ends) - sum(ends), limits, stopped)

    loop = Loop()
    try:
        return loop.run_until_complete(go())
    finally:
        loop.close()


def now_and_then(share: float) -> Callable[[Server], bool]:
    return lambda server: server.random.random() < share


def slots(n: int) -> Callable[[Server], bool]:
    return lambda server: server.active >= n


def bucket(rate: float) -> Callable[[Server], bool]:
    """So many calls a second, of which a second's worth, at least one, can be saved up."""
    most = max(rate, 1.0)
    state = [most, 0.0]

    def refuses(server: Server) -> bool:
        state[0] = min(most, state[0] + (server.now - state[1]) * rate)
        state[1] = server.now
        if state[0] < 1:
            return True
        state[0] -= 1
        return False

    return refuses


def away(begin: float, end: float) -> Callable[[Server], bool]:
    return lambda server: begin <= server.now < end


def test_without_trouble_every_slot_is_kept_busy() -> None:
    server = Server(lambda _: False)
    ran = run(server)
    assert ran.answered == 2000
    assert server.peak == 64
    assert ran.seconds <= 2000 / 64 * SECONDS * 1.05


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("after", [None, 1.0, 5.0])
def test_a_few_refusals_cost_their_own_wait_and_no_more(after: float | None, status: int) -> None:
    server = Server(now_and_then(0.02), after, status, refusal=SECONDS)
    ran = run(server)
    assert ran.answered == 2000
    assert min(ran.limits[100:]) == 64
    assert min(server.waits) >= (after or 0.0)
    # Those who are refused last wait when all others are done, one or two of them twice.
    assert ran.seconds <= server.came / 64 * SECONDS + 2.2 * (after or 0.0) + 3 * SECONDS


def test_those_who_try_again_are_spread_by_jitter() -> None:
    server = Server(now_and_then(0.05), 1.0, refusal=SECONDS)
    run(server, concurrency=2000)
    beyond = [wait - 1.0 for wait in server.waits]
    assert min(beyond) >= 0.0
    assert max(beyond) > 10 * min(beyond)


@pytest.mark.parametrize("after", [None, 1.0])
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("n", [3, 10, 40])
def test_a_server_with_few_slots_is_used_to_the_full_and_loses_nobody(n: int, status: int, after: float | None) -> None:
    server = Server(slots(n), after, status)
    ran = run(server)
    assert ran.answered == 2000
    assert ran.seconds <= 2000 / n * SECONDS * 1.1
    assert len(server.refused) <= 0.6 * 2000
    assert min(ran.limits) >= 4
    assert max(ran.limits[1000:]) <= max(1.6 * n, 6)


@pytest.mark.parametrize("after", [None, 1.0])
@pytest.mark.parametrize(("rate", "calls", "tries"), [(2, 200, 5), (4, 400, 5), (40, 1200, 1.3)])
def test_a_rate_is_found_and_kept(rate: int, calls: int, tries: float, after: float | None) -> None:
    server = Server(bucket(rate), after)
    ran = run(server, calls=calls)
    assert ran.answered == calls
    assert ran.seconds <= calls / rate + 6
    assert server.came <= tries * calls


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_a_rate_far_below_the_fewest_slots_loses_nobody(rate: float) -> None:
    server = Server(bucket(rate))
    ran = run(server, calls=60)
    assert (ran.answered, ran.failed, ran.stopped) == (60, 0, None)
    assert min(ran.limits) == 4
    # Many wait in vain for most of the time; the bound on a call's tries is not what they meet.
    assert server.came >= 10 * 60
    assert ran.seconds <= 60 / rate * 1.15


def test_refusals_do_not_use_up_the_tries_of_other_failures() -> None:
    broken: Counter[str] = Counter()

    class Worse(Server):
        async def answer(self, request: Request) -> Answer:
            answer = await super().answer(request)
            broken[answer.text] += 1
            if broken[answer.text] <= 3:
                raise CallError("retry", "broken", status=500)
            return answer

    server = Worse(bucket(2))
    ran = run(server, calls=100)
    assert len(server.refused) > 2 * 100
    assert (ran.answered, ran.failed) == (100, 0)


@pytest.mark.parametrize("after", [None, 5.0])
def test_an_outage_is_sat_out_politely_and_what_follows_is_fast(after: float | None) -> None:
    server = Server(away(5.0, 305.0), after, 503)
    ran = run(server)
    assert ran.answered == 2000
    assert ran.seconds <= 300 + 2000 / 64 * SECONDS + 20
    during = [t for t in server.refused if t > 10.0]
    assert len(during) <= 300
    assert min(ran.limits) == 4
    assert ran.limits[-1] == 64


@pytest.mark.parametrize("rate", [None, 40])
def test_one_call_that_is_always_refused_is_given_up_and_others_go_on(rate: float | None) -> None:
    limited = bucket(rate) if rate else lambda _: False
    server = Server(limited)
    real = server.answer
    tries: list[float] = []

    async def answer(request: Request) -> Answer:
        if request.messages[0].content == "7":
            tries.append(server.now)
            raise CallError("busy", "come again", status=503)
        return await real(request)

    server.answer = answer  # type: ignore[method-assign]
    ran = run(server, calls=200)
    assert (ran.answered, ran.failed, ran.stopped) == (199, 1, None)
    # Long enough for limits that are counted by the minute, and not for ever.
    assert LEAST_WAIT <= tries[-1] - tries[0] <= LEAST_WAIT + 60
    assert 20 < len(tries) < 100


def test_a_server_that_stays_away_ends_the_run_and_no_item_is_given_up() -> None:
    server = Server(away(5.0, float("inf")), status=503)
    ran = run(server)
    assert ran.failed == 0
    assert ran.stopped is not None
    assert "come again; no call was answered for 10 minutes" in str(ran.stopped)
    assert LONGEST_OUTAGE <= ran.seconds <= LONGEST_OUTAGE + 60


@pytest.mark.parametrize("status", [500, None])
def test_a_server_that_breaks_every_call_ends_the_run_and_no_item_is_given_up(status: int | None) -> None:
    server = Server(away(5.0, float("inf")), status=status, kind="retry", refusal=SECONDS)
    ran = run(server)
    assert ran.answered > 100
    assert ran.failed == 0
    assert ran.stopped is not None
    assert "come again; no call was answered for 10 minutes" in str(ran.stopped)
    assert LONGEST_OUTAGE <= ran.seconds <= LONGEST_OUTAGE + 60


@pytest.mark.parametrize("status", [500, None])
def test_an_outage_of_broken_calls_is_sat_out(status: int | None) -> None:
    server = Server(away(5.0, 305.0), status=status, kind="retry")
    ran = run(server)
    assert (ran.answered, ran.failed, ran.stopped) == (2000, 0, None)


@pytest.mark.parametrize("kind", ["busy", "retry"])
@pytest.mark.parametrize("calls", [1, 2, 3])
def test_the_last_calls_sit_out_a_silent_server_too(calls: int, kind: Literal["busy", "retry"]) -> None:
    back = run(Server(away(0.0, 305.0), status=None, kind=kind), calls=calls)
    assert (back.answered, back.failed, back.stopped) == (calls, 0, None)
    gone = run(Server(away(0.0, float("inf")), status=None, kind=kind), calls=calls)
    assert (gone.answered, gone.failed) == (0, 0)
    assert "no call was answered for 10 minutes" in str(gone.stopped)


@pytest.mark.parametrize("concurrency", [1, 64])
@pytest.mark.parametrize("status", [500, None])
def test_one_call_that_always_breaks_fails_alone(status: int | None, concurrency: int) -> None:
    server = Server(lambda _: False)
    real = server.answer
    tries = 0

    async def answer(request: Request) -> Answer:
        nonlocal tries
        if request.messages[0].content == "7":
            tries += 1
            raise CallError("retry", "reset", status=status)
        return await real(request)

    server.answer = answer  # type: ignore[method-assign]
    ran = run(server, calls=400, concurrency=concurrency)
    assert (ran.answered, ran.failed, ran.stopped) == (399, 1, None)
    # One try more where none was answered between two of them.
    assert 6 <= tries <= 7


def test_mixed_errors_at_a_rate() -> None:
    class Mixed(Server):
        async def answer(self, request: Request) -> Answer:
            if self.random.random() < 0.1:
                await asyncio.sleep(SECONDS)
                raise CallError("retry", "broken", status=500)
            return await super().answer(request)

    limited = bucket(60)
    server = Mixed(lambda s: s.random.random() < 0.02 or limited(s), 1.0)
    ran = run(server)
    assert ran.answered == 2000
    assert ran.seconds <= 2000 / 60 * 1.15
