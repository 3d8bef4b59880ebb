"""duologue's engine beside its peers, in one run against one mock server.

    python -m bench.peers.run --env openai=PYTHON --env datatrove=PYTHON --env curator=PYTHON \\
        --env data-designer=PYTHON --env distilabel=PYTHON [--case single] [--repeats 3] [--json FILE]
    python -m bench.peers.run --table FILE...

Each environment is made from the pins beside this file (``python -m venv X; X/bin/pip install -r
bench/peers/datatrove.txt``). Every repeat runs a bare aiohttp loop, duologue and all peers one after the other, each in
a process of its own. ``--json`` adds a line for each run to a file, so that long measurements can be made in pieces;
``--table`` makes the tables of such files. A client that fails, hangs or loses rows is named with its message.
"""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path
from typing import Any

from bench.engine import Mock
from bench.peers.clients import CASES, CLIENTS
from bench.peers.measure import measure
from bench.peers.report import table


def environments(given: list[str]) -> dict[str, str]:
    """``name=python`` pairs; raises SystemExit for a name that no client has."""
    found = dict(pair.partition("=")[::2] for pair in given)
    known = {client.env for client in CLIENTS} - {""}
    for name, python in found.items():
        if name not in known or not python:
            raise SystemExit(f"--env {name}={python}: give name=python, the name one of {', '.join(sorted(known))}.")
        if not Path(python).exists():
            raise SystemExit(f"--env {name}={python}: no such file; make the environment from bench/peers/{name}.txt.")
    return {name: str(Path(python).absolute()) for name, python in found.items()}


def rounds(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """All runs, interleaved; those of clients without an environment are left out."""
    pythons = {"": "", **environments(arguments.env)}
    clients = [
        c for c in CLIENTS if c.env in pythons and (not arguments.client or c.name in arguments.client or not c.env)
    ]
    mock = Mock(0.05)
    records: list[dict[str, Any]] = []
    try:
        for case in arguments.case or list(CASES):
            for _ in range(arguments.repeats):
                for client in clients:
                    if case in client.lacks:
                        continue
                    record = measure(mock, client, case, pythons[client.env], arguments.timeout, arguments.keep)
                    records.append(record)
                    line = json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in record.items()})
                    print(line, flush=True)
                    if arguments.json is not None:
                        with arguments.json.open("a") as output:
                            output.write(line + "\n")
    finally:
        mock.process.terminate()
        mock.process.wait()
    return records


def main() -> None:
    """Measure, or read what was measured, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--case", action="append", choices=list(CASES))
    parser.add_argument("--client", action="append", help="only this one, beside bare aiohttp and duologue")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=180, help="seconds after which a client counts as hung")
    parser.add_argument("--json", type=Path, help="a file to which each run adds a line")
    parser.add_argument("--keep", type=Path, help="a folder for what the clients print")
    parser.add_argument("--table", type=Path, nargs="+", help="only print the tables of these files")
    arguments = parser.parse_args()
    if arguments.table:
        records = [json.loads(line) for path in arguments.table for line in path.read_text().splitlines()]
    else:
        records = rounds(arguments)
    print("\n" + table(records))
    print(f"bare aiohttp and duologue under Python {platform.python_version()}")


if __name__ == "__main__":
    main()
