"""duologue's engine, durable log on, against a bare aiohttp loop: interleaved repeats against the mock server.

    python bench/engine.py --calls 5000 --concurrency 64 --delay 0.05 [--turns 10] [--fault tail|500|429|...]

``ratio`` is the engine's requests per second over the bare loop's, at the server (first arrival to last answer) and
for the whole call. With ``--fault`` the bare loop runs without the fault and ``time`` is the engine's over its.

Each repeat has a random stream of its own, so that the median is not one stream's luck. ``least`` is what ``time`` could
be at best: a client that is as fast as the bare loop, never leaves a slot empty while a call is ready, tries a failed
call again at once or, where the server named a time, exactly then, met with the same stream. A call that is refused
near the end has to wait after all others are done, and some are refused twice.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import itertools
import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from duologue.backends.endpoint import EndpointBackend
from duologue.backends.protocol import Message, Request
from duologue.config.sections import BudgetConfig, EngineConfig
from duologue.engine.engine import Engine
from duologue.engine.flow import stream
from duologue.errors import ItemFailed
from duologue.store import revisions
from duologue.store.call_log import CallLog
from duologue.store.database import Database

CLEAN: dict[str, Any] = {
    "tail_share": 0.0,
    "error_share": 0.0,
    "bad_share": 0.0,
    "error_status": 500,
    "retry_after": None,
}
FAULTS: dict[str, dict[str, Any]] = {
    "tail": {"tail_share": 0.05, "tail": 1.0},
    "500": {"error_share": 0.1, "error_status": 500},
    "429": {"error_share": 0.02, "error_status": 429, "retry_after": 1},
    "429-plain": {"error_share": 0.02, "error_status": 429},
    "503": {"error_share": 0.02, "error_status": 503, "retry_after": 1},
    "mixed": {"error_share": 0.05, "error_status": [500, 429, 503, 502, 504], "retry_after": 1},
    "bad": {"bad_share": 0.05},
}


MEDIANS = ("seconds", "rate", "server_rate", "tail", "cpu_per_1000")


class Mock:
    """The mock server, in a process of its own."""

    def __init__(self, delay: float) -> None:
        command = [sys.executable, str(Path(__file__).with_name("mock_server.py")), "0", str(delay)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.root = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def get(self, path: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
        body = None if data is None else json.dumps(data).encode()
        with urllib.request.urlopen(urllib.request.Request(self.root + path, data=body)) as response:
            found: dict[str, Any] = json.load(response)
            return found

    def reset(self, mode: dict[str, Any], seed: int) -> None:
        self.get("/mode", {**CLEAN, **mode})
        self.get("/reset", {"seed": seed})


def history(item: int, said: list[str]) -> list[dict[str, str]]:
    """The messages of the next turn."""
    turns = [{"role": "assistant" if (len(said) - i) % 2 == 0 else "user", "content": s} for i, s in enumerate(said)]
    return [{"role": "user", "content": f"hi {item} {len(said)}"}, *turns]


async def bare(root: str, items: int, turns: int, concurrency: int) -> int:
    """The plainest loop: a session, a semaphore, gather. Returns the number of calls answered."""
    gate = asyncio.Semaphore(concurrency)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:

        async def one(item: int) -> int:
            said: list[str] = []
            async with gate:
                for _ in range(turns):
                    body = {"model": "mock", "messages": history(item, said)}
                    async with session.post(f"{root}/v1/chat/completions", json=body) as response:
                        said.append((await response.json())["choices"][0]["message"]["content"])
            return len(said)

        return sum(await asyncio.gather(*[one(i) for i in range(items)]))


async def ours(root: str, items: int, turns: int, concurrency: int) -> int:
    """The same calls through the engine, each durable in a fresh run folder before it is used."""
    folder = Path(tempfile.mkdtemp())
    config = EngineConfig.model_validate({"concurrency": concurrency})
    database = Database(folder)
    log = CallLog(database, await revisions.begin(database, "bench", {}))
    backend = EndpointBackend(f"{root}/v1", "mock", config=config)
    engine = Engine(backend, log, config, BudgetConfig.model_validate({}))
    await engine.start()

    async def one(item: int) -> int:
        said: list[str] = []
        try:
            for _ in range(turns):
                messages = tuple(Message(m["role"], m["content"]) for m in history(item, said))  # type: ignore[arg-type]
                said.append((await engine.call(Request("bench", "mock", messages))).text)
        except ItemFailed as error:
            print("failed:", error)
        return len(said)

    # Single calls queue at the engine; conversations are bounded here, as they are for the bare loop.
    limit = concurrency if turns > 1 else 2 * concurrency
    answered = 0
    async for _, n in stream(range(items), one, limit=limit):
        answered += n
    await engine.close()
    log.close()
    database.close()
    shutil.rmtree(folder)
    return answered


def least(seed: int, mode: dict[str, Any], service: float, calls: int, concurrency: int) -> float:
    """Seconds that the best client needs for single calls of ``service`` seconds under a fault of the mock."""
    stream, order = random.Random(seed), itertools.count()
    statuses = mode["error_status"] if isinstance(mode["error_status"], list) else [mode["error_status"]]
    share = mode["error_share"] + mode["bad_share"]
    todo, now, errors = calls, 0.0, 0
    ends: list[tuple[float, int, bool]] = []
    again: list[float] = []
    while todo or ends or again:
        if len(ends) < concurrency and ((again and again[0] <= now) or todo):
            if again and again[0] <= now:
                heapq.heappop(again)
            else:
                todo -= 1
            stream.random()
            heapq.heappush(ends, (now + service, next(order), stream.random() < share))
        elif ends and not (again and again[0] < ends[0][0] and len(ends) < concurrency):
            now, _, failed = heapq.heappop(ends)
            if failed:
                errors += 1
                named = mode["retry_after"] if statuses[errors % len(statuses)] in (429, 503) else None
                heapq.heappush(again, now + (named or 0.0))
        else:
            now = again[0]
    return now


@dataclass(frozen=True)
class Case:
    """What is measured: ``calls`` in conversations of ``turns``, ``concurrency`` in flight, answered after ``delay`` s."""

    calls: int = 5000
    concurrency: int = 64
    delay: float = 0.05
    turns: int = 1
    fault: str | None = None


def measure(mock: Mock, run: Any, mode: dict[str, Any], seed: int, case: Case) -> dict[str, float]:
    """One run: calls answered, seconds whole and at the server, CPU seconds per 1,000 calls.

    ``tail`` is the time at the end of the run in which the slots were no longer full.
    """
    mock.reset(mode, seed)
    cpu, begun = time.process_time(), time.perf_counter()
    answered = asyncio.run(run(mock.root, case.calls // case.turns, case.turns, case.concurrency))
    seconds = time.perf_counter() - begun
    stats = mock.get("/stats")
    return {
        "answered": answered, "seconds": seconds, "rate": answered / seconds, "server_rate": stats["rate"],
        "served": stats["calls"], "peak": stats["peak"], "tail": stats["tail"],
        "cpu_per_1000": (time.process_time() - cpu) / max(answered, 1) * 1000,
    }  # fmt: skip


def compare(case: Case, repeats: int) -> dict[str, Any]:
    """All repeats of one case: every run, the medians of both sides and their ratios."""
    mode = FAULTS.get(case.fault or "", {})
    runs: dict[str, list[dict[str, float]]] = {"bare": [], "duologue": []}
    mock = Mock(case.delay)
    try:
        for seed in range(repeats):
            for name, run in (("bare", bare), ("duologue", ours)):
                # A heavy tail is no error, so both sides bear it; the bare loop can't bear the others.
                own = mode if name == "duologue" or case.fault == "tail" else {}
                runs[name].append(measure(mock, run, own, seed, case))
                print(name, json.dumps({k: round(v, 3) for k, v in runs[name][-1].items()}), flush=True)
    finally:
        mock.process.terminate()
        mock.process.wait()
    middle = {name: {k: statistics.median(r[k] for r in found) for k in MEDIANS} for name, found in runs.items()}
    ratio = {
        "server": middle["duologue"]["server_rate"] / middle["bare"]["server_rate"],
        "whole": middle["duologue"]["rate"] / middle["bare"]["rate"],
        "time": middle["duologue"]["seconds"] / middle["bare"]["seconds"],
    }
    lost = case.calls * repeats - sum(int(r["answered"]) for r in runs["duologue"])
    found: dict[str, Any] = {"runs": runs, "medians": middle, "ratio": ratio, "lost": lost}
    if mode and case.fault != "tail" and case.turns == 1:
        seconds = middle["bare"]["seconds"]
        service = seconds * case.concurrency / case.calls
        best = [least(seed, {**CLEAN, **mode}, service, case.calls, case.concurrency) for seed in range(repeats)]
        ratio["least"] = statistics.median(best) / seconds
        found["least"] = best
    return found


def main() -> None:
    """Measure and print one JSON line for each run and one for the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=Case.calls)
    parser.add_argument("--concurrency", type=int, default=Case.concurrency)
    parser.add_argument("--delay", type=float, default=Case.delay)
    parser.add_argument("--turns", type=int, default=Case.turns)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--fault", choices=sorted(FAULTS))
    chosen = vars(parser.parse_args())
    repeats = chosen.pop("repeats")
    found = compare(Case(**chosen), repeats)
    if "least" in found:
        pairs = zip(found["runs"]["duologue"], found["least"], strict=True)
        print("seconds, least by repeat", [(round(run["seconds"], 2), round(best, 2)) for run, best in pairs])
    print("medians", json.dumps({n: {k: round(v, 3) for k, v in m.items()} for n, m in found["medians"].items()}))
    print("ratio", json.dumps({k: round(v, 3) for k, v in found["ratio"].items()}))
    print("rows lost", found["lost"])
    print("peak memory, MiB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


if __name__ == "__main__":
    main()
