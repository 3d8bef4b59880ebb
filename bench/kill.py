"""SIGKILLs at random moments in one run, which is then finished and compared with a run that nobody killed.

    python bench/kill.py --conversations 2000 --kills 50 [--concurrency 64] [--delay 0.005] [--json FILE]

Every call writes its key to a file at the moment at which a provider would begin to charge for it, so calls paid twice
are lines of that file less different ones. They may be at most kills x concurrency. Both runs are exported; the
files must have the same SHA-256. Exit code 1 when either does not hold. The models are scripted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from duologue.backends.protocol import Answer, Request
from duologue.backends.scripted import ScriptedBackend
from duologue.config.load import load_config
from duologue.config.sections import Config
from duologue.export import export_rows
from duologue.store.reading import RunReader


class Charged(ScriptedBackend):
    """Notes every call before it is answered, in a file that outlives the process."""

    def __init__(self, seed: int, delay: float, book: Path) -> None:
        super().__init__(seed, delay)
        self._book = os.open(book, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    async def answer(self, request: Request) -> Answer:
        os.write(self._book, request.key.encode() + b"\n")
        return await super().answer(request)


def configuration(conversations: int, concurrency: int) -> Config:
    """One conversation a pair, written turn by turn, one candidate, one iteration."""
    return load_config(
        None,
        overrides={
            "seeds.path": None,
            "model.backend": "scripted",
            "model.name": "scripted",
            **{f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")},
            "expansion.bootstrap_queries": 8,
            "expansion.target": 64,
            "profiles.size": 3,
            "profiles.distinct_categories": False,
            "pairing.pairs": conversations,
            "pairing.policy": "random",
            "pairing.pairs_per_user": 10,
            "generator.candidates": 1,
            "generator.examples": 1,
            "generator.utterances": [6, 8],
            "critic.quality": ["depth"],
            "loop.iterations": 1,
            "engine.concurrency": concurrency,
        },
    )


def work(arguments: argparse.Namespace) -> None:
    """The process that is killed."""
    from duologue.api import run

    chosen = configuration(arguments.conversations, arguments.concurrency)
    run(chosen, arguments.folder, backend=Charged(chosen.seed, arguments.delay, arguments.book))


def start(arguments: argparse.Namespace, folder: Path, book: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, __file__, "--folder", folder, "--book", book]
    for name in ("conversations", "concurrency", "delay"):
        command += [f"--{name}", getattr(arguments, name)]
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)


def finish(process: subprocess.Popen[bytes]) -> None:
    if process.wait() != 0:
        raise SystemExit(f"the run failed with {process.returncode}")


def charged(book: Path) -> tuple[int, int]:
    """(calls, different calls) of a book; a line that a kill cut short counts as neither."""
    keys = [line for line in book.read_bytes().split(b"\n") if len(line) == 64] if book.exists() else []
    return len(keys), len(set(keys))


def digest(folder: Path, to: Path) -> str:
    with RunReader(folder) as reader:
        export_rows(reader.conversations(), "jsonl", to, force=True)
    return hashlib.sha256(to.read_bytes()).hexdigest()


def measure(arguments: argparse.Namespace, root: Path) -> dict[str, Any]:
    """Run unkilled, run killed, compare."""
    begun = time.monotonic()
    finish(start(arguments, root / "whole", root / "whole.keys"))
    seconds = time.monotonic() - begun
    total, _ = charged(root / "whole.keys")
    draw = random.Random(arguments.seed)
    book, killed, started_calls = root / "killed.keys", 0, []
    # A kill falls after so many further calls, drawn so that all fall inside the run whatever its speed.
    share = total / (arguments.kills + 1)
    begun = time.monotonic()
    while killed < arguments.kills:
        calls, _ = charged(book)
        goal = calls + max(1, round(share * draw.uniform(0.1, 1.7)))
        process = start(arguments, root / "killed", book)
        while process.poll() is None and (book.stat().st_size // 65 if book.exists() else 0) < goal:
            time.sleep(0.002)
        time.sleep(draw.uniform(0.0, 0.02))
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed += 1
        started_calls.append(charged(book)[0])
    finish(start(arguments, root / "killed", book))
    made, different = charged(book)
    names = {name: digest(root / name, root / f"{name}.jsonl") for name in ("whole", "killed")}
    with RunReader(root / "killed") as reader:
        finished, pairs = reader.progress()
    return {
        "conversations": finished,
        "pairs": pairs,
        "kills": killed,
        "calls": different,
        "paid_twice": made - different,
        "allowed": killed * arguments.concurrency,
        "calls_at_kills": started_calls,
        "same_bytes": names["whole"] == names["killed"],
        "sha256": names,
        "seconds_unkilled": round(seconds, 2),
        "seconds_killed": round(time.monotonic() - begun, 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--delay", type=float, default=0.005)
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--book", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        work(arguments)
        return 0
    with tempfile.TemporaryDirectory() as root:
        found = measure(arguments, Path(root))
    text = json.dumps(found, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    good = found["same_bytes"] and found["paid_twice"] <= found["allowed"] and found["kills"] == arguments.kills
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
