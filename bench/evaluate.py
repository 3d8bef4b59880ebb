"""Time and memory of ``duologue evaluate``: 10,000 and 100,000 conversations, all groups but the training ones.

    python bench/evaluate.py [--sizes 10000 100000] [--data FILE] [--reference 400] [--seeds 1000] [--against 1000]

With a reference, seeds (attributes of the profiles) and a second data set of these sizes, and with the report written; 0 leaves
one out, and what is measured by it.

The data are made by rule, or drawn from the conversations of ``--data``, each with one word changed so that none is an
exact duplicate. Prints one line a size: seconds, the greatest memory of the command and of all its processes together (looked
at ten times a second, on Linux), and time and memory as ratios to the first size.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from itertools import islice
from pathlib import Path

from duologue.datasets import open_dataset

GROUPS = "expansion,faithfulness,quality,cleanliness,diversity,likeness,toxicity"


def write(path: Path, size: int, data: str | None, salt: str = "") -> None:
    """Write ``size`` rows of JSON; another ``salt`` gives others."""
    stream = random.Random(f"{size}{salt}" if salt else size)
    words = [f"{a}{b}" for a in ("ba", "ko", "mi", "tu", "re") for b in ("lan", "dor", "vik", "sen", "pol", "rum")]
    held = list(open_dataset(data)) if data else []
    with path.open("w", encoding="utf-8") as file:
        for index in range(size):
            if held:
                chosen = held[stream.randrange(len(held))]
                said = [{"speaker": u.speaker, "text": u.text} for u in chosen.utterances]
                said[stream.randrange(len(said))]["text"] += f" {stream.choice(words)}{index}"
                one, two = list(chosen.user_1), list(chosen.user_2)
            else:
                said = [
                    {"speaker": i % 2 + 1, "text": f"I {' '.join(stream.choices(words, k=9))} {index}."}
                    for i in range(16)
                ]
                one, two = ([f"I like {stream.choice(words)} {index} {i}." for i in range(4)] for _ in range(2))
            file.write(json.dumps({"user_1": one, "user_2": two, "utterances": said}) + "\n")


def beside(folder: Path, args: argparse.Namespace) -> list[str]:
    """Write what the data set is measured by; return the options that name it."""
    options: list[str] = []
    for name in ("reference", "against"):
        if size := getattr(args, name):
            write(folder / f"{name}.jsonl", size, args.data, salt=name)
            options += [f"--{name}", str(folder / f"{name}.jsonl")]
    if args.seeds:
        profiles = (p for d in open_dataset(folder / "data.jsonl") for p in (d.user_1, d.user_2))
        seeds = islice(dict.fromkeys(text for profile in profiles for text in profile), args.seeds)
        (folder / "seeds.txt").write_text("\n".join(seeds) + "\n", encoding="utf-8")
        options += ["--seeds", str(folder / "seeds.txt")]
    return options if args.no_out else [*options, "--out", str(folder / "report")]


def watch(process: subprocess.Popen[bytes]) -> tuple[float, float]:
    """Wait for a process; return the most MiB that it held, and that it and its descendants held at once."""
    alone = together = 0.0
    while process.poll() is None:
        held = [resident(pid) for pid in family(process.pid)]
        alone, together = max(alone, held[0]), max(together, sum(held))
        time.sleep(0.1)
    return alone, together


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def resident(pid: int) -> float:
    """Resident memory in MiB; 0 of a process that has gone."""
    with suppress(OSError, IndexError, ValueError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20
    return 0.0


def main() -> None:
    """Measure each size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--data", help="conversations to draw from")
    parser.add_argument("--groups", default=GROUPS)
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument("--reference", type=int, default=400, help="conversations of the reference; 0: none")
    parser.add_argument("--seeds", type=int, default=1000, help="seed attributes; 0: none")
    parser.add_argument("--against", type=int, default=1000, help="conversations of a second data set; 0: none")
    parser.add_argument("--no-out", action="store_true", help="write no report")
    args = parser.parse_args()
    first: tuple[float, float] | None = None
    for size in args.sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "data.jsonl"
            write(path, size, args.data)
            command = [sys.executable, "-m", "duologue", "evaluate", str(path), "--groups", args.groups, "--quiet"]
            command += beside(Path(folder), args)
            began = time.perf_counter()
            with subprocess.Popen([*command, "--sample", str(args.sample)]) as process:
                alone, together = watch(process)
            if process.returncode:
                raise SystemExit(process.returncode)
            seconds = time.perf_counter() - began
            # Without /proc, the greatest of any process so far.
            most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            alone, together = alone or most, together or most
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        first = first or (seconds, together)
        print(
            f"{size:>7,} conversations: {seconds:.0f} s, processor {usage.ru_utime + usage.ru_stime:.0f} s so far, "
            f"{alone:.0f} MiB, with its processes {together:.0f}; "
            f"ratio of time {seconds / first[0]:.2f}, of memory together {together / first[1]:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
