"""An estimate on the screen."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from duologue.estimate import Estimate, Line


def print_estimate(console: Console, estimate: Estimate) -> None:
    """Print a table, stage by stage, and what was assumed."""
    money = any(line.cost for line in estimate.lines)
    table = Table(
        title="Estimate in calls and tokens; nothing was called",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("stage", no_wrap=True)
    for heading in ("calls", "prompt", "answer", *(["money"] if money else []), "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    for stage in dict.fromkeys(line.stage for line in estimate.lines):
        table.add_row(stage, *_figures(estimate.stage(stage), money), style="bold")
        for line in estimate.lines:
            if line.stage == stage:
                table.add_row(Text(f"  {line.purpose}"), *_figures(line, money))
    table.add_row("all", *_figures(estimate.total, money), style="bold")
    console.print(table)
    for note in estimate.notes:
        console.print(note, markup=False, highlight=False)


def _figures(line: Line, money: bool) -> list[str]:
    counts = [compact(n) for n in (line.calls, line.prompt_tokens, line.completion_tokens)]
    return [*counts, *([f"{line.cost:,.2f}"] if money else []), duration(line.seconds)]


def compact(number: float) -> str:
    """A count in few characters: ``9,576``, ``313.7k``, ``20.37M``."""
    if number < 10_000:
        return f"{number:,.0f}"
    return f"{number / 1e3:.1f}k" if number < 1e6 else f"{number / 1e6:,.2f}M"


def duration(seconds: float) -> str:
    """Seconds in the two largest units: ``0.4 s``, ``45 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
