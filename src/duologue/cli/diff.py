"""``duologue diff`` and ``duologue versions``: what a run folder holds, and how two versions differ."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from duologue.report.versions import print_diff
from duologue.store.reading import RunReader
from duologue.text import printable
from duologue.versions.carry import BASE_OF
from duologue.versions.diff import diff as compare
from duologue.versions.diff import open_version


def diff(
    before: Annotated[str, typer.Argument(help="A run folder, or FOLDER@N for its version N.")],
    after: Annotated[str, typer.Argument(help="The same, of the version to compare it with.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare two versions of a data set: what was added, removed, changed, and how the figures moved."""
    with open_version(before) as one, open_version(after) as other:
        found = compare(one, other)
    if json:
        sys.stdout.write(orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    print_diff(Console(), found)


def versions(run: Annotated[Path, typer.Argument(help="The run folder.")]) -> None:
    """List the versions of a run folder, the oldest first."""
    with RunReader(run) as reader:
        latest = reader.revision().id
        for revision in reader.revisions():
            with RunReader(run, revision.id) as one:
                done, _ = one.progress()
            base = reader.meta(BASE_OF.format(revision.id))
            begun = datetime.fromtimestamp(revision.started, UTC).strftime("%Y-%m-%d %H:%M")
            seeds = (revision.config.get("seeds") or {}).get("path") or "the shipped seeds"
            how = f"extends {base} by {seeds}" if base else f"from {seeds}"
            mark = ", the latest" if revision.id == latest else ""
            typer.echo(printable(f"{revision.id}: {revision.state}, {begun}, {done} conversations, {how}{mark}"))
