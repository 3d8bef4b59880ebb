"""``duologue export``: write a run's data set to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from duologue.errors import UsageError
from duologue.export import export_rows
from duologue.store.reading import RunReader


def export(
    run: Annotated[Path, typer.Argument(help="The run folder.")],
    to: Annotated[Path, typer.Option("--to", help="The file to write.")],
    format_name: Annotated[str, typer.Option("--format", help="spc, jsonl or parquet.")] = "jsonl",
    split: Annotated[str | None, typer.Option(help="Only train, valid or test.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Write the finished conversations of a run."""
    if split is not None and split not in ("train", "valid", "test"):
        raise UsageError(f"--split: {split!r} is not one of train, valid, test")
    with RunReader(run) as reader:
        count = export_rows(reader.conversations(), format_name, to, force=force, split=split)
    typer.echo(f"{count} conversations written to {to}")
