"""Runs on Ray with 1, 2 and 4 workers beside the local executor, against the mock server; each in its own process.

    python bench/cluster.py --sizes 100 1000 --workers 1 2 4 [--delay 0.5] [--concurrency 64] [--json FILE]
    python bench/cluster.py --hub 20000

All on one machine, so workers, driver and mock share its cores. ``rate`` is calls per second at the server, first arrival
to last answer; ``seconds`` the whole run, Ray's start included. ``local xN`` is the local executor with the calls in
flight of N workers. From two sizes follow the fixed cost of a run and the seconds of each further conversation, and from
those the size at which Ray overtakes the local executor with one worker's concurrency. Small models are scripted, guards
and filters are off (the mock always says the same), so this is the cost of making calls and keeping them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from duologue.api import run
from duologue.config.load import load_config
from duologue.store.reading import RunReader
from engine import Mock


def work(arguments: argparse.Namespace) -> dict[str, Any]:
    """One run; its figures."""
    (size,) = arguments.sizes
    kind, count = arguments.case.split(" x")
    ray = kind == "ray"
    config = load_config(
        overrides={
            "model.backend": "endpoint",
            "model.name": "mock",
            "model.base_url": arguments.url,
            **{f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")},
            "expansion.enabled": False,
            "profiles.size": 3,
            "profiles.distinct_categories": False,
            "pairing.pairs": size,
            "pairing.policy": "random",
            "pairing.pairs_per_user": 10,
            "generator.candidates": 1,
            "generator.examples": 1,
            "generator.turn_choices": 1,
            "generator.utterances": [10, 10],
            "critic.guards": [],
            "critic.filters": [],
            "critic.quality": [],
            "loop.iterations": arguments.iterations,
            "engine.concurrency": arguments.concurrency * (1 if ray else int(count)),
            "executor.kind": kind,
            "executor.workers": int(count),
            "executor.shards": arguments.shards,
        }
    )
    begun = time.perf_counter()
    result = run(config, arguments.folder)
    seconds = time.perf_counter() - begun
    with RunReader(arguments.folder) as reader:
        exported = sum(1 for _ in reader.conversations())
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "case": arguments.case, "conversations": exported, "calls": result.usage.calls, "seconds": round(seconds, 1),
        "driver_mib": used[0].ru_maxrss // 1024, "log_mib": (Path(arguments.folder) / "run.sqlite").stat().st_size >> 20,
    }  # fmt: skip


def measure(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """All sizes and cases."""
    found = []
    mock = Mock(arguments.delay)
    environment = {**os.environ, "OPENAI_API_KEY": "none"}
    try:
        for size in arguments.sizes:
            local = [f"local x{n}" for n in sorted({1, max(arguments.workers)})]
            for case in (*local, *(f"ray x{n}" for n in arguments.workers)):
                mock.reset({}, 0)
                with tempfile.TemporaryDirectory() as folder:
                    command = [sys.executable, __file__, "--case", case, "--sizes", size, "--url", f"{mock.root}/v1"]
                    command += ["--folder", Path(folder) / "run", "--concurrency", arguments.concurrency]
                    command += ["--iterations", arguments.iterations]
                    command += ["--shards", arguments.shards] if arguments.shards else []
                    done = subprocess.run(
                        [str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True, env=environment
                    )
                stats = mock.get("/stats")
                row = json.loads(done.stdout.splitlines()[-1])
                row |= {"rate": round(stats["rate"], 1), "peak": stats["peak"], "window": round(stats["window"], 1)}
                found.append(row)
                print(json.dumps(row), flush=True)
    finally:
        mock.process.terminate()
        mock.process.wait()
    return found


def hub(calls: int) -> dict[str, float]:
    """What the driver's machine bears, without Ray: rows that the hub writes, and that the driver folds, a second of CPU."""
    from duologue.backends.protocol import Answer, Message, Request
    from duologue.engine.usage import NOTHING
    from duologue.executors.ray.hub import Hub
    from duologue.store import revisions
    from duologue.store.call_log import CallLog
    from duologue.store.database import Database, Statement
    from duologue.store.fold import fold_left

    class Noted(Database):
        """Keeps what it writes."""

        def _write_all(self, statements: Any) -> None:
            noted.extend(statements)
            super()._write_all(statements)

    noted: list[Statement] = []
    found: dict[str, float] = {"calls": calls}

    async def go(root: Path) -> None:
        database = Noted(root / "shard")
        revision = await revisions.begin(database, "bench", {})
        noted.clear()
        log = CallLog(database, revision)
        for n in range(calls):
            # As long as a turn's prompt and answer: a shared beginning, and two thousand characters of its own.
            talk = tuple(Message("user", f"{n} {i} " + "Hello there, do you like it? " * 5) for i in range(14))
            request = Request("generator.turn", "m", (Message("system", "Write one utterance. " * 60), *talk))
            await log.put(request.key, request, Answer("Hello there! " * 6, "stop", 900, 18), 0.5, 1)
        log.close()
        database.close()
        run_database = Database(root / "run")
        keeper = Hub(str(root / "run"), await revisions.begin(run_database, "bench", {}), champions=False)
        keeper.plan(1, {"s": ()}, (0, 0))
        keeper.work("s")
        begun = time.process_time()
        for start in range(0, len(noted), 8):
            keeper.write("s", 1, noted[start : start + 8], NOTHING)
        found["hub_calls_per_cpu_s"] = round(calls / (time.process_time() - begun))
        keeper.end("s", 1)
        found["log_bytes_per_call"] = round((root / "run" / "shards" / "s.sqlite").stat().st_size / calls)
        begun = time.process_time()
        await fold_left(root / "run", run_database)
        found["folded_calls_per_cpu_s"] = round(calls / (time.process_time() - begun))
        run_database.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(go(Path(folder)))
    return found


def fitted(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """By case the fixed seconds, the seconds of a further conversation, and the size from which it beats ``local x1``."""
    lines: dict[str, dict[str, float]] = {}
    for case in dict.fromkeys(row["case"] for row in rows):
        mine = sorted((row["conversations"], row["seconds"]) for row in rows if row["case"] == case)
        (small, fast), (large, slow) = mine[0], mine[-1]
        each = (slow - fast) / (large - small)
        lines[case] = {"fixed_s": round(fast - small * each, 1), "each_ms": round(1000 * each, 2)}
    base = lines["local x1"]
    for line in lines.values():
        gain = base["each_ms"] - line["each_ms"]
        if gain > 0 and line is not base:
            line["pays_from"] = round(1000 * (line["fixed_s"] - base["fixed_s"]) / gain)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--delay", type=float, default=0.5, help="seconds to an answer")
    parser.add_argument("--concurrency", type=int, default=64, help="of a worker, and of local x1")
    parser.add_argument("--iterations", type=int, default=1)
    parser.add_argument("--shards", type=int, help="null: as the executor chooses")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--hub", type=int, metavar="CALLS", help="measure the hub alone with so many calls")
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        print(json.dumps(work(arguments)))
        return
    if arguments.hub:
        print(json.dumps(hub(arguments.hub)))
        return
    rows = measure(arguments)
    found: dict[str, Any] = {"rows": rows}
    if len(arguments.sizes) > 1:
        found["lines"] = fitted(rows)
        for case, line in found["lines"].items():
            print(case, json.dumps(line))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
