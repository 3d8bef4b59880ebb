"""Measures of ``bench/users_scale.py``: one JSON line each, written as they come, so that a run goes on where it ended."""

from __future__ import annotations

import itertools
import json
import math
import os
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
Line = dict[str, Any]
KEY = ("what", "input", "size", "name")
"""The fields that name a measure."""


class Book:
    """The lines of one file. A last line that a killed process left half written is cut off."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if text and not text.endswith("\n"):
            text = text[: text.rfind("\n") + 1]
            path.write_text(text, encoding="utf-8")
        self.lines: list[Line] = [json.loads(line) for line in text.splitlines()]

    def find(self, **key: object) -> Line | None:
        """The line with these values, or None."""
        return next((line for line in self.lines if all(line[name] == value for name, value in key.items())), None)

    def add(self, line: Line) -> None:
        """Append a line, on the disk before this returns, and print it."""
        self.lines.append(line)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
        print(json.dumps(line), flush=True)


def measured(work: Callable[[], T]) -> tuple[T, Line]:
    """The result, and wall and processor seconds (of all threads), peak memory meanwhile and memory before, in MiB."""
    before = _status("VmRSS")
    _forget_peak()
    cpu, start = time.process_time(), time.perf_counter()
    result = work()
    return result, {
        "seconds": round(time.perf_counter() - start, 2),
        "CPU seconds": round(time.process_time() - cpu, 2),
        "peak MiB": peak(),
        "MiB before": before,
        "load": round(os.getloadavg()[0], 1),
    }


def peak() -> int:
    """MiB: the highest since :func:`measured` began, where the system can tell; else since the process began."""
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _status(name: str) -> int:
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) >> 10 for line in text.splitlines() if line.startswith(name)), 0)


def growth(lines: Iterable[Line], unit: str) -> list[str]:
    """A Markdown table of ``unit`` by name and size; the last column has the exponents of growth from size to size."""
    found: dict[str, dict[int, float]] = {}
    for line in lines:
        if unit in line:
            found.setdefault(line["name"], {})[line["size"]] = line[unit]
    sizes = sorted({size for row in found.values() for size in row})
    out = [f"| {unit} | " + " | ".join(f"{size:,}" for size in sizes) + " | growth exponents |"]
    out.append("|" + "---|" * (len(sizes) + 2))
    for name, row in found.items():
        cells = [f"{row[size]:g}" if size in row else "-" for size in sizes]
        out.append(f"| {name} | {' | '.join(cells)} | {', '.join(exponents(row))} |")
    return out


def exponents(row: dict[int, float]) -> list[str]:
    """log(y2 / y1) / log(x2 / x1) of neighbouring sizes; none where the first is too small to say."""
    points = sorted(row.items())
    return [f"{math.log(y2 / y1) / math.log(x2 / x1):.2f}" for (x1, y1), (x2, y2) in itertools.pairwise(points)
            if y1 >= 0.2 and y2 > 0]  # fmt: skip


def others(lines: Sequence[Line]) -> list[str]:
    """What each line says beside time and memory, as a list."""
    usual = {*KEY, "seconds", "CPU seconds", "peak MiB", "MiB before", "load"}
    out = []
    for line in lines:
        rest = {name: value for name, value in line.items() if name not in usual}
        cost = f" ({line['CPU seconds']:g} s of processor)" if "CPU seconds" in line else ""
        if rest:
            said = json.dumps(rest, ensure_ascii=False)[1:-1].replace('"', "")
            out.append(f"- {line['what']}, {line['input']}, {line['size']:,}, {line['name']}{cost}: {said}")
    return out


def minutes(seconds: float) -> str:
    """A duration in words."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
