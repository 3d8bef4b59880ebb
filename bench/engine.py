"""duologue's engine, durable log on, against a bare aiohttp loop: interleaved repeats against the mock server.

    python bench/engine.py --calls 5000 --concurrency 64 --delay 0.05 [--turns 10] [--fault tail|500|429|bad]

``ratio`` is the engine's requests per second over the bare loop's, at the server (first arrival to last answer) and
for the whole call. With ``--fault`` the bare loop runs without the fault and ``time`` is the engine's over its.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
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
    "bad": {"bad_share": 0.05},
}


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

    def reset(self, mode: dict[str, Any]) -> None:
        self.get("/mode", {**CLEAN, **mode})
        self.get("/reset", {})


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


def measure(mock: Mock, run: Any, mode: dict[str, Any], arguments: argparse.Namespace) -> dict[str, float]:
    """One run: calls answered, seconds whole and at the server, CPU seconds per 1,000 calls."""
    mock.reset(mode)
    cpu, begun = time.process_time(), time.perf_counter()
    items = arguments.calls // arguments.turns
    answered = asyncio.run(run(mock.root, items, arguments.turns, arguments.concurrency))
    seconds = time.perf_counter() - begun
    stats = mock.get("/stats")
    return {
        "answered": answered, "seconds": seconds, "rate": answered / seconds, "server_rate": stats["rate"],
        "served": stats["calls"], "peak": stats["peak"], "cpu_per_1000": (time.process_time() - cpu) / answered * 1000,
    }  # fmt: skip


def main() -> None:
    """Measure and print one JSON line for each run and one for the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--fault", choices=sorted(FAULTS))
    arguments = parser.parse_args()
    mode = FAULTS.get(arguments.fault, {})
    mock = Mock(arguments.delay)
    try:
        runs: dict[str, list[dict[str, float]]] = {"bare": [], "duologue": []}
        for _ in range(arguments.repeats):
            for name, run in (("bare", bare), ("duologue", ours)):
                # A heavy tail is no error, so both sides bear it; the bare loop can't bear the others.
                own = mode if name == "duologue" or arguments.fault == "tail" else {}
                runs[name].append(measure(mock, run, own, arguments))
                print(name, json.dumps({k: round(v, 3) for k, v in runs[name][-1].items()}), flush=True)
    finally:
        mock.process.terminate()
        mock.process.wait()
    middle = {
        name: {k: statistics.median(r[k] for r in found) for k in ("seconds", "rate", "server_rate", "cpu_per_1000")}
        for name, found in runs.items()
    }
    ratio = {
        "server": middle["duologue"]["server_rate"] / middle["bare"]["server_rate"],
        "whole": middle["duologue"]["rate"] / middle["bare"]["rate"],
        "time": middle["duologue"]["seconds"] / middle["bare"]["seconds"],
    }
    print("medians", json.dumps({name: {k: round(v, 3) for k, v in found.items()} for name, found in middle.items()}))
    print("ratio", json.dumps({k: round(v, 3) for k, v in ratio.items()}))
    print("peak memory, MiB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


if __name__ == "__main__":
    main()
