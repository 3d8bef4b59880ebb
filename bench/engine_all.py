"""The engine's whole table in one go, as Markdown: peers, faults, kills, memory, import.

    python bench/engine_all.py --envs FOLDER [--full] [--out table.md] [--json records.jsonl]

``FOLDER`` holds one virtual environment for each file of pins in ``bench/peers`` (``openai``, ``datatrove``, ...), see
``bench/peers/run.py``; clients without one are named as not run. The clean cases are those of the peers' run, where the
bare loop, duologue and all peers take turns; the cases with faults are those of ``bench/engine.py``. The machine should
be quiet. About 12 minutes; with ``--full`` slow peers take part in all clean cases, not in single calls alone, which
takes some 5 minutes more. ``--only`` takes some parts; ``--scale 0.05`` tries everything out, for no figures.
100,000 conversations want ``bench/memory.py`` alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from bench.engine import Case, compare  # noqa: E402
from bench.peers.clients import CASES, CLIENTS, Client  # noqa: E402
from bench.peers.measure import measure  # noqa: E402
from bench.peers.report import table  # noqa: E402
from bench.peers.run import Mock  # noqa: E402

FAULTS = (
    ("heavy tail, 5 % at 1 s", Case(fault="tail"), "time 1.1"),
    ("10 % HTTP 500", Case(fault="500"), "time 1.3"),
    ("2 % HTTP 429 with Retry-After: 1", Case(fault="429"), "time 1.5"),
    ("5 % malformed or cut off", Case(fault="bad"), "all rows"),
)
FAST = ("bare aiohttp", "duologue, durable log on", "openai with aiohttp transport", "datatrove")
"""Clients that take part in all cases; the others only in single calls, unless ``--full``, and then once."""


def script(name: str, *arguments: object) -> str:
    """Run a script of this folder and return what it printed."""
    command = [sys.executable, str(HERE / name), *map(str, arguments)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout


def peers(arguments: argparse.Namespace) -> str:
    """The clean cases with all clients whose environment is there."""
    pythons = {"": sys.executable}
    for client in CLIENTS:
        path = arguments.envs / client.env / "bin" / "python" if arguments.envs else Path()
        if client.env and path.is_file():
            pythons[client.env] = str(path.absolute())
    records: list[dict[str, Any]] = []
    mock = Mock(0.05)
    try:
        for case in CASES:
            for repeat in range(arguments.repeats):
                for client in CLIENTS:
                    if client.env not in pythons or case in client.lacks or not due(arguments, client, case, repeat):
                        continue
                    python = "" if not client.env else pythons[client.env]
                    records.append(measure(mock, client, case, python, 120, None))
                    note(arguments, "peers", records[-1])
    finally:
        mock.process.terminate()
        mock.process.wait()
    return table(records)


def due(arguments: argparse.Namespace, client: Client, case: str, repeat: int) -> bool:
    """Whether a client has part in a repeat."""
    return client.name in FAST or case == "single" or (arguments.full and repeat == 0)


def shrink(scale: float) -> None:
    """Make the clean cases smaller, for trying out."""
    for name, case in CASES.items():
        CASES[name] = replace(case, items=max(10, int(case.items * scale)))
    for client in CLIENTS:
        for name, items in client.fewer.items():
            client.fewer[name] = min(CASES[name].items, max(2, int(items * scale)))


def faults(arguments: argparse.Namespace) -> str:
    """Ours under faults against the bare loop without them."""
    lines = [
        f"| case ({int(5000 * arguments.scale):,} calls, 64 in flight, 50 ms) | rows lost | time, ours / bare | of the best client | tail, s "
        "| CPU s per 1,000 calls, ours / bare | aim |",
        "|" + "---|" * 7,
    ]
    for title, whole, aim in FAULTS:
        case = replace(whole, calls=int(whole.calls * arguments.scale))
        found = compare(case, arguments.repeats)
        note(arguments, title, found)
        ratio, ours, bare = found["ratio"], found["medians"]["duologue"], found["medians"]["bare"]
        best = f"{ratio['least']:.2f}" if "least" in ratio else ""
        lines.append(
            f"| {title} | {found['lost']} of {case.calls * arguments.repeats:,} | {ratio['time']:.2f} | {best} "
            f"| {ours['tail']:.2f} | {ours['cpu_per_1000']:.2f} / {bare['cpu_per_1000']:.2f} | {aim} |"
        )
    lines += [
        "",
        "`of the best client`: what the time would be for one that is as fast as the bare loop, tries again at once or",
        "exactly when it was told to, and meets the same faults. `tail`: seconds at the end with slots left empty.",
    ]
    return "\n".join(lines)


def kills(arguments: argparse.Namespace) -> str:
    """One run of 2,000 conversations, killed 50 times."""
    conversations, kills = int(2000 * arguments.scale), max(2, int(50 * arguments.scale))
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "kill.json"
        script("kill.py", "--conversations", conversations, "--kills", kills, "--json", to)
        found = json.loads(to.read_text())
    note(arguments, "kills", found)
    same = "byte-identical" if found["same_bytes"] else "NOT the same bytes"
    return (
        f"{found['conversations']:,} of {found['pairs']:,} conversations, {found['calls']:,} calls, {found['kills']} "
        f"kills: the export is {same}; {found['paid_twice']:,} calls paid twice, {found['allowed']:,} allowed; "
        f"{found['seconds_killed']:.0f} s against {found['seconds_unkilled']:.0f} s unkilled."
    )


def memory(arguments: argparse.Namespace) -> str:
    """Whole runs of two sizes."""
    lines = [
        "| conversations | calls | peak, MiB | of it when the loop began, MiB | log, MiB | CPU s per 1,000 calls | s |",
        "|" + "---|" * 7,
    ]
    for line in script(
        "memory.py", "--turns", 2, "--sizes", *(int(n * arguments.scale) for n in arguments.memory)
    ).splitlines():
        found = json.loads(line)
        note(arguments, "memory", found)
        lines.append(
            f"| {found['conversations']:,} | {found['calls']:,} | {found['peak_mib']} | {found['at_pairs_mib']} "
            f"| {found['log_mib']} | {found['cpu_per_1000_calls']:.2f} | {found['seconds']:.0f} |"
        )
    return "\n".join(lines)


def imports(arguments: argparse.Namespace) -> str:
    """`import duologue`, the interpreter's own start taken off."""

    def seconds(code: str) -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - begun

    took = [(seconds("import duologue"), seconds("pass")) for _ in range(7)]
    whole, empty = (statistics.median(t) for t in zip(*took, strict=True))
    note(arguments, "import", {"seconds": whole - empty})
    return f"`import duologue`: {1000 * (whole - empty):.0f} ms (median of 7, an empty interpreter taken off)."


PARTS: dict[str, tuple[str, Callable[[argparse.Namespace], str]]] = {
    "peers": ("Beside its peers", peers),
    "faults": ("Faults", faults),
    "kills": ("SIGKILL", kills),
    "memory": ("Memory of whole runs", memory),
    "import": ("Import", imports),
}


def note(arguments: argparse.Namespace, part: str, found: dict[str, Any]) -> None:
    """Keep a record where it was asked for."""
    line = json.dumps({"part": part, **found})
    print(line[:160], file=sys.stderr, flush=True)
    if arguments.json:
        with arguments.json.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--envs", type=Path, help="folder of the peers' virtual environments")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", type=int, nargs="+", default=[1000, 10000], help="conversations")
    parser.add_argument("--full", action="store_true", help="slow peers take part in all clean cases")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the calls that is made")
    parser.add_argument("--only", nargs="+", choices=sorted(PARTS), help="these parts only")
    parser.add_argument("--out", type=Path, help="write the table to this file too")
    parser.add_argument("--json", type=Path, help="add each record to this file")
    arguments = parser.parse_args()
    if arguments.scale != 1:
        shrink(arguments.scale)
    begun = time.monotonic()
    text = [f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load at the start {os.getloadavg()[0]:.1f}.\n"]
    for name, (title, part) in PARTS.items():
        if arguments.only is None or name in arguments.only:
            text.append(f"## {title}\n\n{part(arguments)}\n")
            print(text[-1], flush=True)
    text.append(f"{(time.monotonic() - begun) / 60:.1f} minutes in all; load at the end {os.getloadavg()[0]:.1f}.")
    print(text[0] + text[-1])
    if arguments.out:
        arguments.out.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
