"""``duologue stats``: what became of every item of a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from duologue.report.stats import print_table
from duologue.report.summary import summarise
from duologue.store.reading import RunReader


def stats(
    run: Annotated[Path, typer.Argument(help="The run folder.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the items of each stage and iteration, with acceptance rates, the experts and the calls."""
    with RunReader(run) as reader:
        summary = summarise(reader)
    if json:
        sys.stdout.write(orjson.dumps(summary.as_json(), option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    console = Console()
    print_table(console, summary.accounts)
    for line in summary.lines():
        console.print(line, markup=False, highlight=False, soft_wrap=True)
