"""Columns of tables that are no data sets: the reference and the seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from duologue.evaluation.records import Figure, Report


@dataclass(frozen=True, slots=True)
class Column:
    """A column beside those of the data sets; metrics without a figure stay empty."""

    title: str
    n: int
    """What its figures are of where they say nothing else."""
    figures: Mapping[str, Figure]


def columns(report: Report, names: Sequence[str]) -> list[Column]:
    """Those that have a figure for one of these metrics."""
    found = []
    if report.reference is not None:
        held = report.reference
        found.append(Column(f"reference, {held.name}", held.conversations, held.figures))
    for seeds in report.seeds:
        few = seeds.data_sets if len(report.seeds) > 1 else ()
        title = f"seeds of {', '.join(few)}" if few else "seeds"
        number = seeds.figures["attributes"].n
        found.append(Column(title, number, seeds.figures))
    return [column for column in found if any(name in column.figures for name in names)]
