"""``duologue calls``: the durable log of model calls of a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from duologue.export.lines import write_lines
from duologue.export.write import write_file
from duologue.report.estimate import compact
from duologue.store.reading import RunReader
from duologue.text import printable

SHOWN = 70
"""Characters of an answer or message on one line."""


def calls(
    run: Annotated[Path, typer.Argument(help="The run folder.")],
    slowest: Annotated[int, typer.Option(min=0, help="Show so many of the slowest calls.")] = 5,
    failed: Annotated[int, typer.Option(min=0, help="Show so many of the calls that were given up.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    export: Annotated[Path | None, typer.Option(help="Write the whole log to a new JSONL file.")] = None,
) -> None:
    """Print counts, reuse, tokens, money and time by purpose, and the slowest and failed calls."""
    with RunReader(run) as reader:
        if export is not None:
            typer.echo(f"{_export(reader, export)} calls written to {export}")
            return
        data = _account(reader, slowest, failed)
    if json:
        sys.stdout.write(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        _print(Console(), data)


def _account(reader: RunReader, slowest: int, failed: int) -> dict[str, Any]:
    budget = reader.revision().config.get("budget", {})
    reuse = reader.reuse()
    purposes = []
    for total in reader.call_totals():
        reused, shared = reuse.get(total.purpose, (0, 0))
        cost = (
            total.prompt_tokens * budget.get("prompt_price", 0.0)
            + total.completion_tokens * budget.get("completion_price", 0.0)
        ) / 1_000_000
        purposes.append(
            {
                "purpose": total.purpose,
                "model": total.model,
                "calls": total.calls,
                "reused": reused,
                "shared": shared,
                "attempts": total.attempts,
                "prompt_tokens": total.prompt_tokens,
                "cached_tokens": total.cached_tokens,
                "completion_tokens": total.completion_tokens,
                "cost": round(cost, 6),
                "seconds": round(total.seconds, 3),
            }
        )
    slow = [
        {
            "purpose": call["purpose"],
            "seconds": round(call["seconds"], 3),
            "completion_tokens": call["completion_tokens"],
            "answer": call["answer"]["text"],
        }
        for call in (reader.calls(slowest=slowest) if slowest else ())
    ]
    given_up = list(reader.failed_calls())
    return {
        "version": 1,
        "purposes": purposes,
        "slowest": slow,
        "failed": len(given_up),
        "failures": given_up[-failed:] if failed else [],
    }


def _print(console: Console, data: dict[str, Any]) -> None:
    columns = {
        "calls": "calls",
        "reused": "reused",
        "shared": "shared",
        "attempts": "tries",
        "prompt_tokens": "prompt",
        "cached_tokens": "cached",
        "completion_tokens": "answer",
        "cost": "money",
        "seconds": "s",
    }
    always = ("calls", "prompt_tokens", "completion_tokens", "seconds")
    # A column of zeros, or of tries that say no more than the calls do, only takes room.
    told = {
        name
        for name in columns
        if any(row[name] for row in data["purposes"])
        and (name != "attempts" or any(row[name] != row["calls"] for row in data["purposes"]))
    }
    columns = {name: heading for name, heading in columns.items() if name in told or name in always}
    names = tuple(columns)
    table = Table(title="Model calls and tokens", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("purpose", no_wrap=True)
    for heading in columns.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for row in data["purposes"]:
        table.add_row(Text(row["purpose"]), *(_figure(name, row[name]) for name in names))
    if len(data["purposes"]) > 1:
        sums = [sum(row[name] for row in data["purposes"]) for name in names]
        table.add_row("all", *map(_figure, names, sums), style="bold")
    console.print(table)
    if data["slowest"]:
        console.print("Slowest:")
        for call in data["slowest"]:
            _line(console, f"  {call['seconds']:8.2f} s  {call['purpose']}: {call['answer']}")
    if data["failed"]:
        console.print(f"Given up: {data['failed']}")
        for call in data["failures"]:
            _line(console, f"  {call['purpose']} after {call['attempts']} attempts ({call['kind']}): {call['message']}")


def _figure(name: str, value: float) -> str:
    return f"{value:,.4f}" if name == "cost" else compact(value)


def _line(console: Console, text: str) -> None:
    shown = printable(" ".join(text.splitlines()))
    console.print(Text(shown if len(shown) <= SHOWN + 30 else shown[: SHOWN + 27] + "..."), soft_wrap=True)


def _export(reader: RunReader, to: Path) -> int:
    return write_file(
        lambda path: write_lines(reader.calls(), lambda call: (call,), path), to, mend="name another file"
    )
