"""Peak memory and CPU of whole runs of several sizes, on the scripted model without delay; each in its own process.

    python bench/memory.py --sizes 1000 10000 [--turns 6] [--concurrency 64] [--json FILE]

``at pairs`` is the peak when the pairs stand and the loop begins, so that what levels 1 and 2 hold for all users is told
from what grows while conversations are written. CPU is that of the whole process, small models (scripted) included.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kill import configuration

from duologue.api import run
from duologue.records import Outcome, Stage
from duologue.store.reading import RunReader


def peak() -> int:
    """Most memory held so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


class Marks:
    """Peak memory at the start of each stage, and when a tenth of the conversations are done."""

    def __init__(self, conversations: int) -> None:
        self.seen: dict[str, int] = {}
        self._tenth = max(1, conversations // 10)
        self._done = 0

    def begin(self, stage: Stage, total: int | None, iteration: int) -> None:
        self.seen[f"{stage} {iteration}"] = peak()

    def outcome(self, outcome: Outcome) -> None:
        if outcome.stage == "conversation" and outcome.iteration == 1:
            self._done += 1
            if self._done == self._tenth:
                self.seen["a tenth"] = peak()

    def close(self) -> None:
        self.seen["end"] = peak()


def work(arguments: argparse.Namespace) -> dict[str, Any]:
    """One run; its figures."""
    (size,) = arguments.sizes
    marks = Marks(size)
    chosen = configuration(size, arguments.concurrency)
    generator = chosen.generator.model_copy(update={"utterances": (arguments.turns, arguments.turns)})
    cpu, begun = time.process_time(), time.perf_counter()
    result = run(chosen.model_copy(update={"generator": generator}), arguments.folder, watch=lambda speed: marks)
    cpu, seconds = time.process_time() - cpu, time.perf_counter() - begun
    with RunReader(arguments.folder) as reader:
        exported = sum(1 for _ in reader.conversations())
    calls = result.usage.calls
    return {
        "conversations": exported, "calls": calls, "seconds": round(seconds, 1),
        "cpu_per_1000_calls": round(cpu / calls * 1000, 3), "peak_mib": peak(),
        "at_pairs_mib": marks.seen["conversation 1"], "at_a_tenth_mib": marks.seen["a tenth"],
        "log_mib": (Path(arguments.folder) / "run.sqlite").stat().st_size >> 20,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--turns", type=int, default=6, help="utterances of a conversation")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        print(json.dumps(work(arguments)))
        return
    found = []
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "--sizes", size, "--turns", arguments.turns]
            command += ["--concurrency", arguments.concurrency, "--folder", Path(folder) / "run"]
            done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
        print(json.dumps(found[-1]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
