"""``duologue models``: list and fetch the embedded models."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from duologue.models.fetch import PullProgress, pull
from duologue.models.registry import DEFAULT_LLM, REGISTRY, ModelEntry, find, model_dir

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _models() -> None:
    """List and fetch the embedded models."""


@app.command("list")
def list_models() -> None:
    """Show the models that can be fetched, and which are here."""
    console = Console(highlight=False)
    if console.is_terminal:
        # Two columns, so that nothing is cut off on a narrow terminal.
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 1, 0))
        table.add_column(no_wrap=True, style="bold")
        table.add_column(overflow="fold")
        for entry in REGISTRY:
            name = entry.name + (" (default)" if entry.name == DEFAULT_LLM else "")
            here = "here" if entry.is_here else "not fetched"
            facts = f"{entry.kind}, {entry.size_bytes / 1e6:.0f} MB, {entry.licence}, {here}"
            about = entry.description + (f" Note: {entry.note}." if entry.note else "")
            table.add_row(Text(name), Text(f"{facts}\n{about}"))
        console.print(table)
        console.print(f"in {model_dir()}", style="dim", markup=False, soft_wrap=True)
    else:
        # Lines of a pipe are for programs: no wrapping at a terminal's width.
        for entry in REGISTRY:
            here = "here" if entry.is_here else "not fetched"
            typer.echo("\t".join((entry.name, entry.kind, str(entry.size_bytes), entry.licence, here)))


@app.command("pull", short_help="Fetch models, checked by SHA-256.")
def pull_models(
    names: Annotated[list[str], typer.Argument(help="Names of `duologue models list`, or default.")],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Fetch models, checked by SHA-256; goes on where an earlier pull stopped."""
    # All names are looked up first, so that a typing error costs no download.
    for entry in [find(name) for name in names]:
        pull_with_progress(entry, quiet=quiet)


def pull_with_progress(entry: ModelEntry, *, quiet: bool = False) -> None:
    """Pull one model and show it on stderr: a bar on a terminal, plain lines elsewhere, nothing when ``quiet``.

    Raises ModelError.
    """
    if quiet:
        pull(entry)
        return
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        pull(entry, on_progress=PlainProgress())
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as bars:
        pull(entry, on_progress=_bar(bars, console))


def _bar(bars: Progress, console: Console) -> Callable[[PullProgress], None]:
    tasks = {}

    def show(progress: PullProgress) -> None:
        if progress.state == "failed":
            console.print(_failure(progress), markup=False, soft_wrap=True)
            return
        if progress.file not in tasks:
            tasks[progress.file] = bars.add_task(progress.file, total=None)
        text = progress.file
        if progress.state == "waiting":
            text = f"{progress.model}: waiting for another pull of it"
        elif progress.source:
            text += f" ({progress.source})"
        bars.update(tasks[progress.file], description=text, completed=progress.done, total=progress.total or None)

    return show


class PlainProgress:
    """Prints a line per source and per tenth of a file, to stderr."""

    def __init__(self) -> None:
        self._last: tuple[str, str, str, int] | None = None

    def __call__(self, progress: PullProgress) -> None:
        """Print ``progress`` if it says something new."""
        tenth = progress.done * 10 // progress.total if progress.total else 0
        key = (progress.file, progress.state, progress.source, tenth)
        if key == self._last:
            return
        self._last = key
        print(_line(progress), file=sys.stderr, flush=True)


def _line(progress: PullProgress) -> str:
    if progress.state == "waiting":
        return f"{progress.model}: waiting for another pull of it"
    if progress.state == "failed":
        return _failure(progress)
    if progress.state == "done":
        return f"{progress.model}: {progress.file} is here and verified"
    percent = 100 * progress.done // progress.total if progress.total else 0
    return f"{progress.model}: {progress.file} from {progress.source}, {percent}% of {progress.total / 1e6:.0f} MB to fetch"


def _failure(progress: PullProgress) -> str:
    return f"{progress.model}: {progress.source} failed: {progress.note}"
