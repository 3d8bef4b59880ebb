"""``duologue extend``: new topics join a finished data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from duologue.cli.run import pulls, watching
from duologue.errors import UsageError
from duologue.report.versions import print_diff
from duologue.store.reading import RunReader
from duologue.text import printable
from duologue.versions.diff import diff
from duologue.versions.extend import extend as extend_api


def extend(
    run: Annotated[Path, typer.Argument(help="The run folder, with a finished data set.")],
    seeds: Annotated[str, typer.Option(help="File with the new seeds, or hf:DATASET_ID.")],
    pairs: Annotated[int | None, typer.Option(help="New conversations; as many as the first time without it.")] = None,
    meet: Annotated[
        str, typer.Option(help="new: new users talk to each other; any: they may meet those who are there.")
    ] = "new",
    profiles: Annotated[str | None, typer.Option(help="built: drawn anew; given: those in the seeds.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Let new attributes, users and conversations join a data set; what exists keeps its ids and splits."""
    if meet not in ("new", "any"):
        raise UsageError(f"--meet: {meet!r} is not one of new, any")
    console = Console()
    done = extend_api(
        run,
        seeds,
        pairs=pairs,
        meet="any" if meet == "any" else "new",
        overrides={"profiles.source": profiles},
        watch=watching(console, quiet),
        on_pull=None if quiet else pulls(console),
    )
    if quiet:
        return
    if done.known:
        console.print(f"{done.known} attributes of the seeds were known and left out", highlight=False)
    with RunReader(run, done.base) as before, RunReader(run, done.version) as after:
        print_diff(console, diff(before, after))
    console.print(
        printable(f"Version {done.version} of {run}; version {done.base} stays readable as {run}@{done.base}"),
        markup=False,
        highlight=False,
    )
