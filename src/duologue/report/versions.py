"""Versions and their differences on the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from duologue.text import printable
from duologue.versions.diff import Diff

_SHARES = ("conversations inside", "distinct", "attributes")


def print_diff(console: Console, found: Diff) -> None:
    """Print what came and went, then the figures that moved."""
    console.print(printable(f"{found.before} -> {found.after}"), markup=False, highlight=False)
    changes = Table("", "added", "removed", "changed", "kept", box=box.SIMPLE_HEAD)
    for change in found.changes:
        counts = (change.added, change.removed, change.changed, change.kept)
        changes.add_row(f"{change.what}s", *(f"{n:,}" for n in counts))
    figures = Table("figure", "before", "after", "", box=box.SIMPLE_HEAD)
    for column in (*changes.columns[1:], *figures.columns[1:]):
        column.justify = "right"
    for moved in found.figures:
        share = moved.figure.startswith(_SHARES)
        before, after = (f"{100 * v:.1f} %" if share else f"{v:,.4g}" for v in (moved.before, moved.after))
        delta = moved.after - moved.before
        step = f"{100 * delta:+.1f}" if share else f"{delta:+,.4g}"
        figures.add_row(moved.figure, before, after, step if before != after else "")
    console.print(changes)
    console.print(figures)
