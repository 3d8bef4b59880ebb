from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from duologue.backends.protocol import Answer, Backend, Features, Message, Request
from duologue.backends.scripted import ScriptedBackend
from duologue.config.sections import BudgetConfig, EngineConfig
from duologue.engine.budget import Budget
from duologue.engine.engine import Engine
from duologue.errors import CallError, ItemFailed, RunStopped, StoreError
from duologue.store import revisions
from duologue.store.call_log import CallLog
from duologue.store.database import Database
from duologue.store.reading import RunReader


def ask(text: str, purpose: str = "expansion.query") -> Request:
    return Request(purpose, "scripted", (Message("user", text),))


@asynccontextmanager
async def engine_on(
    folder: Path, backend: Backend, budget: dict[str, Any] | Budget | None = None, **config: Any
) -> AsyncIterator[Engine]:
    database = Database(folder)
    log = CallLog(database, await revisions.begin(database, "f", {}))
    limits = budget if isinstance(budget, Budget) else BudgetConfig.model_validate(budget or {})
    engine = Engine(backend, log, EngineConfig.model_validate(config), limits)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()
        log.close()
        database.close()


async def settle() -> None:
    """Let everything that can go on do so."""
    for _ in range(50):
        await asyncio.sleep(0)


class Scripted(ScriptedBackend):
    """Fails as told: a list of errors per prompt, then answers."""

    def __init__(self, errors: dict[str, list[Exception]] | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.errors = errors or {}
        self.gate: asyncio.Event | None = None

    async def answer(self, request: Request) -> Answer:
        if self.gate is not None:
            self.calls += 1
            await self.gate.wait()
        left = self.errors.get(request.messages[-1].content)
        if left:
            self.calls += 1
            raise left.pop(0)
        return await super().answer(request)


def test_a_logged_call_is_not_made_again(tmp_path: Path) -> None:
    async def run() -> None:
        first = ScriptedBackend()
        async with engine_on(tmp_path, first) as engine:
            answers = [await engine.call(ask(str(i % 5))) for i in range(10)]
            assert engine.usage().calls == 5
            assert engine.usage().reused == 5
        second = ScriptedBackend(seed=99)
        async with engine_on(tmp_path, second) as engine:
            assert [await engine.call(ask(str(i % 5))) for i in range(10)] == answers
            await engine.call(ask("new"))
        assert (first.calls, second.calls) == (5, 1)

    asyncio.run(run())
    with RunReader(tmp_path) as reader:
        (total,) = reader.call_totals()
        assert total.calls == total.attempts == 6
        assert reader.reuse() == {"expansion.query": (10, 0)}


def test_identical_calls_at_the_same_time_are_made_once(tmp_path: Path) -> None:
    async def run() -> None:
        backend = ScriptedBackend(delay=0.01)
        async with engine_on(tmp_path, backend) as engine:
            answers = await asyncio.gather(*[engine.call(ask("x")) for _ in range(8)])
            assert len(set(answers)) == 1
            assert backend.calls == 1
            assert engine.usage().shared == 7

    asyncio.run(run())


def test_an_answer_is_durable_before_it_is_used(tmp_path: Path) -> None:
    async def run() -> None:
        async with engine_on(tmp_path, ScriptedBackend()) as engine:
            for i in range(5):
                answer = await engine.call(ask(str(i)))
                with RunReader(tmp_path) as reader:
                    assert [c["answer"]["text"] for c in reader.calls()][-1] == answer.text

    asyncio.run(run())


def test_no_more_calls_are_in_flight_than_allowed(tmp_path: Path) -> None:
    async def run() -> None:
        backend = ScriptedBackend(delay=0.002)
        async with engine_on(tmp_path, backend, concurrency=7) as engine:
            await asyncio.gather(*[engine.call(ask(str(i))) for i in range(60)])
        assert backend.peak == 7
        fixed = ScriptedBackend(delay=0.002, features=Features(slots=3))
        async with engine_on(tmp_path / "fixed", fixed, concurrency=64) as engine:
            await asyncio.gather(*[engine.call(ask(str(i))) for i in range(40)])
        assert 3 <= fixed.peak <= 6

    asyncio.run(run())


def test_failed_calls_are_tried_again(tmp_path: Path) -> None:
    async def run() -> None:
        errors: dict[str, list[Exception]] = {
            "a": [CallError("retry", "lost"), CallError("busy", "full", retry_after=0.01)]
        }
        backend = Scripted(errors)
        async with engine_on(tmp_path, backend) as engine:
            assert (await engine.call(ask("a"))).text
            assert engine.usage().retries == 2
            assert engine.usage().failed == 0

    asyncio.run(run())
    with RunReader(tmp_path) as reader:
        assert [c["attempts"] for c in reader.calls()] == [3]
        assert list(reader.failed_calls()) == []


def test_a_poisoned_item_takes_no_other_with_it(tmp_path: Path) -> None:
    async def run() -> None:
        backend = Scripted(
            {
                "long": [CallError("give_up", "context length exceeded")],
                "dead": [CallError("retry", "reset", status=500)] * 3,
                "bug": [ZeroDivisionError("division by zero")],
            }
        )
        async with engine_on(tmp_path, backend, retries=2) as engine:
            names = ["a", "long", "b", "dead", "c", "bug", "d"]
            ends = await asyncio.gather(*[engine.call(ask(n)) for n in names], return_exceptions=True)
            failed = {n: str(e) for n, e in zip(names, ends, strict=True) if isinstance(e, ItemFailed)}
            assert failed == {
                "long": "expansion.query: context length exceeded",
                "dead": "expansion.query: reset (tried 3 times)",
                "bug": "expansion.query: ZeroDivisionError: division by zero",
            }
            assert sum(isinstance(e, Answer) for e in ends) == 4
            with pytest.raises(ItemFailed, match="not valid Unicode"):
                await engine.call(ask("\ud800"))

    asyncio.run(run())
    with RunReader(tmp_path) as reader:
        assert sorted((f["kind"], f["attempts"]) for f in reader.failed_calls()) == [
            ("give_up", 1),
            ("give_up", 1),
            ("retry", 3),
        ]


def test_a_hopeless_error_stops_everybody_with_the_providers_words(tmp_path: Path) -> None:
    async def run() -> None:
        backend = Scripted({"bad": [CallError("stop", "server answered 401: wrong key")]}, delay=0.001)
        async with engine_on(tmp_path, backend, concurrency=2) as engine:
            names = ["a", "bad", *"cdefgh"]
            ends = await asyncio.gather(*[engine.call(ask(n)) for n in names], return_exceptions=True)
            assert isinstance(ends[1], RunStopped)
            assert all("wrong key" in str(e) for e in ends if isinstance(e, Exception))
            assert sum(isinstance(e, RunStopped) for e in ends) >= 6
            with pytest.raises(RunStopped, match="wrong key"):
                await engine.call(ask("z"))

    asyncio.run(run())


def test_a_server_that_asks_to_wait_for_hours_stops_the_run(tmp_path: Path) -> None:
    async def run() -> None:
        backend = Scripted({"a": [CallError("busy", "quota used up", retry_after=86_400)]})
        async with engine_on(tmp_path, backend) as engine:
            with pytest.raises(RunStopped, match="quota used up"):
                await engine.call(ask("a"))

    asyncio.run(run())


def test_calls_in_flight_are_logged_though_the_run_was_stopped(tmp_path: Path) -> None:
    async def run() -> None:
        backend = Scripted()
        backend.gate = asyncio.Event()
        async with engine_on(tmp_path, backend, concurrency=3) as engine:
            calls = [asyncio.ensure_future(engine.call(ask(str(i)))) for i in range(9)]
            await settle()
            calls[0].cancel()
            engine.stop("interrupted; run the same command again to go on")
            backend.gate.set()
            ends = await asyncio.gather(*calls, return_exceptions=True)
            assert isinstance(ends[0], asyncio.CancelledError)
            assert sum(isinstance(e, RunStopped) for e in ends) == 6

    asyncio.run(run())
    with RunReader(tmp_path) as reader:
        assert len(list(reader.calls())) == 3


def test_calls_that_do_not_end_in_time_are_cancelled_on_close(tmp_path: Path) -> None:
    async def run() -> None:
        backend = Scripted()
        backend.gate = asyncio.Event()
        async with engine_on(tmp_path, backend) as engine:
            call = asyncio.ensure_future(engine.call(ask("a")))
            await settle()
            engine.stop("interrupted")
            await engine.close(grace=0.01)
            with pytest.raises(RunStopped, match="interrupted"):
                await call

    asyncio.run(run())


def test_stop_wakes_those_who_wait_to_try_again(tmp_path: Path) -> None:
    async def run() -> None:
        backend = Scripted({"a": [CallError("busy", "x", retry_after=600)]})
        async with engine_on(tmp_path, backend) as engine:
            call = asyncio.ensure_future(engine.call(ask("a")))
            await settle()
            engine.stop("interrupted")
            with pytest.raises(RunStopped, match="interrupted"):
                await call

    asyncio.run(run())


@pytest.mark.parametrize(
    "budget", [{"max_tokens": 100}, {"max_cost": 0.0001, "prompt_price": 1, "completion_price": 1}]
)
def test_the_budget_is_passed_by_no_more_than_the_calls_in_flight(tmp_path: Path, budget: dict[str, float]) -> None:
    async def run(concurrency: int) -> int:
        async with engine_on(tmp_path, ScriptedBackend(), budget, concurrency=concurrency) as engine:
            ends = await asyncio.gather(*[engine.call(ask(f"{i:04}")) for i in range(100)], return_exceptions=True)
            assert all(isinstance(e, Answer | RunStopped) for e in ends)
            assert any(isinstance(e, RunStopped) and "budget is spent" in str(e) for e in ends)
            return engine.usage().calls

    assert asyncio.run(run(2)) >= 1
    with RunReader(tmp_path) as reader:
        tokens = [c["prompt_tokens"] + c["completion_tokens"] for c in reader.calls()]
    assert 100 <= sum(tokens) < 100 + 2 * max(tokens)
    # What was spent before counts: nothing new is called, what is logged can still be had.
    assert asyncio.run(run(2)) == 0


def test_wasted_answers_count_against_the_budget(tmp_path: Path) -> None:
    from duologue.backends.endpoint_errors import WastedCall

    async def run() -> None:
        backend = Scripted(
            {"a": [WastedCall("filtered", 30, 20, kind="give_up")], "b": [WastedCall("cut off", 30, 20)]}
        )
        async with engine_on(tmp_path, backend, {"max_tokens": 100}) as engine:
            with pytest.raises(ItemFailed, match="filtered"):
                await engine.call(ask("a"))
            with pytest.raises(RunStopped, match="budget"):
                await engine.call(ask("b"))
        async with engine_on(tmp_path, backend, {"max_tokens": 100}) as engine:
            with pytest.raises(RunStopped, match="budget"):
                await engine.call(ask("c"))

    asyncio.run(run())


def test_engines_can_share_a_budget(tmp_path: Path) -> None:
    async def run() -> None:
        budget = Budget(BudgetConfig.model_validate({"max_tokens": 10}))
        async with engine_on(tmp_path / "a", ScriptedBackend(), budget) as engine:
            await engine.call(ask("a"))
        async with engine_on(tmp_path / "b", ScriptedBackend(), budget) as engine:
            with pytest.raises(RunStopped, match="budget"):
                await engine.call(ask("b"))

    asyncio.run(run())


def test_a_full_disk_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Database, statements: object) -> None:
        self._error = StoreError("run.sqlite: can't be written (database or disk is full)")

    async def run() -> None:
        async with engine_on(tmp_path, ScriptedBackend()) as engine:
            await engine.call(ask("a"))
            monkeypatch.setattr(Database, "_write_all", full)
            for text in ("b", "c"):
                with pytest.raises(StoreError, match="disk is full"):
                    await engine.call(ask(text))
            monkeypatch.undo()

    with pytest.raises(StoreError, match="disk is full"):
        asyncio.run(run())
    with RunReader(tmp_path) as reader:
        assert len(list(reader.calls())) == 1


RESUMED = """
import asyncio, json, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from duologue.backends.protocol import Message, Request
from duologue.backends.scripted import ScriptedBackend
from duologue.config.sections import BudgetConfig, EngineConfig
from duologue.engine.engine import Engine
from duologue.engine.flow import ordered
from duologue.store import revisions
from duologue.store.call_log import CallLog
from duologue.store.database import Database
from duologue.store.lock import RunLock

class Counted(ScriptedBackend):
    async def answer(self, request):
        os.write(paid, b"x")
        return await super().answer(request)

async def main():
    with RunLock(Path(sys.argv[1])):
        database = Database(Path(sys.argv[1]))
        log = CallLog(database, await revisions.begin(database, "f", {}))
        config = EngineConfig.model_validate({"concurrency": 8})
        engine = Engine(Counted(delay=0.002), log, config, BudgetConfig.model_validate({}))
        await engine.start()
        async def talk(i):
            said = [str(i)]
            for _ in range(4):
                said.append((await engine.call(Request("generator.turn", "m", tuple(Message("user", s) for s in said)))).text)
            return said
        print("started", flush=True)
        found = [said async for said in ordered(range(60), talk, limit=12)]
        await engine.close()
        database.close()
        print(json.dumps(found))

paid = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
asyncio.run(main())
"""


def test_killed_again_and_again_it_ends_with_the_same_result_and_pays_little_twice(tmp_path: Path) -> None:
    def start(folder: str) -> subprocess.Popen[str]:
        source = str(Path(__file__).parents[2] / "src")
        command = [sys.executable, "-c", RESUMED, str(tmp_path / folder), str(tmp_path / f"{folder}.paid"), source]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    whole = start("whole")
    expected = whole.communicate(timeout=60)[0].splitlines()[1]
    assert len(json.loads(expected)) == 60
    kills = 0
    for delay in (0.02, 0.05, 0.04):
        process = start("killed")
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()
    last = start("killed")
    assert last.communicate(timeout=60)[0].splitlines()[1] == expected
    assert (tmp_path / "whole.paid").stat().st_size == 240
    assert 240 <= (tmp_path / "killed.paid").stat().st_size <= 240 + 8 * kills
