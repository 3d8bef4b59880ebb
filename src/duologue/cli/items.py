"""``duologue items``: the rows behind the counts, with the reason of each rejection and failure."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, cast

import orjson
import typer

from duologue.errors import UsageError
from duologue.records import Status
from duologue.report.stats import ORDER
from duologue.store.reading import Item, RunReader
from duologue.text import printable

STATUSES = ("accepted", "rejected", "failed")


def items(
    run: Annotated[Path, typer.Argument(help="The run folder.")],
    stage: Annotated[str, typer.Option(help=f"One of {', '.join(ORDER)}.")] = "candidate",
    status: Annotated[str | None, typer.Option(help="Only accepted, rejected or failed ones.")] = None,
    by: Annotated[str | None, typer.Option(help="Only those that this check or step decided.")] = None,
    iteration: Annotated[int | None, typer.Option(min=0, help="Only this iteration.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line, with the item itself.")] = False,
) -> None:
    """Print what became of single items: attributes, profiles, pairs, candidates, conversations."""
    if stage not in ORDER:
        raise UsageError(f"--stage: {stage!r} is not one of {', '.join(ORDER)}")
    if status is not None and status not in STATUSES:
        raise UsageError(f"--status: {status!r} is not one of {', '.join(STATUSES)}")
    shown = 0
    with RunReader(run) as reader:
        for item in reader.items(stage, status=cast("Status | None", status), iteration=iteration):
            if by is not None and item.by != by:
                continue
            sys.stdout.write((_json(item) if json else _line(item)) + "\n")
            shown += 1
            if shown == limit:
                break


def _line(item: Item) -> str:
    decided = f" by {item.by}" if item.by else ""
    reason = f": {item.reason}" if item.reason else ""
    where = f" (iteration {item.iteration})" if item.iteration else ""
    value = item.value()
    text = value.get("text") if isinstance(value, dict) else None
    return printable(f"{item.item}{where} {item.status}{decided}{reason}" + (f"  {text}" if text else "")).replace(
        "\n", " "
    )


def _json(item: Item) -> str:
    row = {
        "stage": item.stage,
        "iteration": item.iteration,
        "item": item.item,
        "status": item.status,
        "by": item.by,
        "reason": item.reason,
        "data": item.value(),
    }
    return orjson.dumps(row).decode()
