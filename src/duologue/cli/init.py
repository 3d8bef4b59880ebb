"""``duologue init``: write a commented configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from duologue.config.presets import PRESETS
from duologue.config.template import template
from duologue.errors import UsageError


def init(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = Path("duologue.yaml"),
    preset: Annotated[str | None, typer.Option(help="Start from a preset: quick or paper.")] = None,
) -> None:
    """Write a configuration file in which every field is explained."""
    if preset is not None and preset not in PRESETS:
        raise UsageError(f"--preset: no preset is named {preset!r}; there are {', '.join(sorted(PRESETS))}")
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(template(preset))
    except FileExistsError as error:
        raise UsageError(f"{file} is there already; name another file or move it away") from error
    except OSError as error:
        raise UsageError(f"{file} can't be written ({error.strerror}); name another place") from error
    typer.echo(f"Wrote {file}. Next: duologue run {file} --seeds FILE --pairs 10 --out RUN")
