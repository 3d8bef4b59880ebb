"""What every client script shares: its arguments, the clock and the one line it reports. Standard library only.

A client is a module with ``run(case) -> int`` (answers that came back whole) that ends in ``main(run, package)``. It is
started by ``bench.peers.run`` in the environment of its peer; imports of the peer are its start, ``run`` is the call.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

PREFIX = "RESULT "


@dataclass(frozen=True, slots=True)
class Task:
    """What one client has to do: ``items`` conversations of ``turns`` calls, ``concurrency`` calls in flight.

    ``root`` is the address of the mock server, ``folder`` an empty folder that is deleted afterwards, ``mode`` the
    way in which the client is to do it, for those that have more than one.
    """

    root: str
    items: int
    turns: int
    concurrency: int
    folder: Path
    mode: str

    @property
    def base(self) -> str:
        """The address that OpenAI clients are given."""
        return self.root + "/v1"


def history(item: int, said: list[str]) -> list[dict[str, str]]:
    """The messages of the next turn: the same for every client that takes messages."""
    turns = [{"role": "assistant" if (len(said) - i) % 2 == 0 else "user", "content": s} for i, s in enumerate(said)]
    return [{"role": "user", "content": f"hi {item} {len(said)}"}, *turns]


def cpu_seconds() -> float:
    """CPU seconds of this process and of the children it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def main(run: Callable[[Task], int], package: str) -> None:
    """Read the arguments, time ``run`` and print the result line.

    ``cpu_before`` lets the caller, who waits for the process, count what its children and its end used too.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("root")
    parser.add_argument("items", type=int)
    parser.add_argument("turns", type=int)
    parser.add_argument("concurrency", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("mode", nargs="?", default="")
    task = Task(**vars(parser.parse_args()))
    cpu, clock, begun = cpu_seconds(), time.time(), time.perf_counter()
    answered = run(task)
    found = {
        "answered": answered, "seconds": time.perf_counter() - begun, "cpu_before": cpu, "begun": clock,
        "version": version(package), "python": platform.python_version(),
    }  # fmt: skip
    print("\n" + PREFIX + json.dumps(found), flush=True)
