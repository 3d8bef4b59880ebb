"""``duologue export``: write a run's data set to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from duologue.errors import UsageError
from duologue.export import Format, export_run
from duologue.export.preference import PreferenceFormat
from duologue.export.spc import SpcFormat
from duologue.store.reading import RunReader


def export(
    run: Annotated[Path, typer.Argument(help="The run folder.")],
    to: Annotated[Path, typer.Option("--to", help="The file to write.")],
    format_name: Annotated[
        str, typer.Option("--format", help="jsonl, parquet, spc, chat, preference, convai2, inference or evidence.")
    ] = "jsonl",
    split: Annotated[str | None, typer.Option(help="Only train, valid or test.")] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="spc: text as it is, also where a spreadsheet would run it as a formula.")
    ] = False,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="evidence: that of candidates which the Critic rejected, too.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Write the finished conversations of a run."""
    chosen: str | Format = format_name
    if exact:
        if format_name != SpcFormat.name:
            raise UsageError(f"--exact: is for the format spc alone; {format_name} always has the text as it is")
        chosen = SpcFormat(exact=True)
    with RunReader(run) as reader:
        count = export_run(reader, chosen, to, force=force, split=split, rejected=rejected)
    what = "preference pairs" if format_name == PreferenceFormat.name else "conversations"
    if rejected:
        what += " and rejected candidates"
    typer.echo(f"{count} {what} written to {to}")
