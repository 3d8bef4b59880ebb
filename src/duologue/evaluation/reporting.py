"""From estimates to the records of the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from duologue.datasets.source import DataSet
from duologue.evaluation.bootstrap import LEAST
from duologue.evaluation.measure import Measured
from duologue.evaluation.protocol import Metric, definition
from duologue.evaluation.records import DataSetReport, Definition, Figure, ProblemCount, ReviewReport
from duologue.evaluation.run_account import iterations, stages

SHOWN_ABSENT = 4
"""Measures without a figure that are named for one reason; report.json names all."""


def describe(metric: Metric) -> Definition:
    """A metric's definition for the report."""
    low, high = (None if math.isinf(bound) else bound for bound in metric.range)
    return Definition(
        group=metric.group,
        title=metric.title,
        definition=definition(metric),
        source=metric.source,
        unit=metric.unit,
        range=(low, high),
        direction=metric.direction,
        paper=dict(metric.paper),
    )


def report_of(name: str, found: Measured, reviewed: tuple[ReviewReport, ...] = ()) -> DataSetReport:
    """What was measured of one data set."""
    problems = found.data.problems
    firsts: dict[str, int] = {}
    for problem in problems.first:
        firsts.setdefault(problem.what, problem.row)
    return DataSetReport(
        name=name,
        source=short(found.data.source),
        format=found.data.format,
        conversations=found.conversations,
        unreadable=problems.total,
        problems=tuple(
            ProblemCount(what=what, rows=n, first=firsts.get(what)) for what, n in problems.by_what.most_common()
        ),
        irregular=tuple(
            ProblemCount(what=what, rows=n, first=problems.first_irregular[what])
            for what, n in problems.irregular.most_common()
        ),
        samples={"text": len(found.views[: found.sizes.text]), "model": len(found.model_views)} | found.judged,
        stages=stages(found.data),
        iterations=iterations(found.data),
        reviews=reviewed,
        figures={
            metric: Figure(
                value=made.value,
                low=made.low,
                high=made.high,
                n=made.n,
                clusters=made.clusters,
                count=made.count,
                of=made.of,
                sample=found.samples[metric],
                interval=made.replicates is not None,
                rows=tuple(found.rows.get(metric, ())),
            )
            for metric, made in found.estimates.items()
        },
        absent=found.absent,
        leaks=found.leaks,
    )


def short(source: str) -> str:
    """A source without the folders it lies in: reports are passed on."""
    return source if source.startswith("hf:") else Path(source).name or Path(source).resolve().name


def names_of(sources: Sequence[DataSet]) -> list[str]:
    """A name for each data set: its file's name without suffix, numbered where two are the same."""
    names: list[str] = []
    for data in sources:
        base = short(data.source)
        base = base if base.startswith("hf:") else base.rsplit(".", 1)[0] or base
        name, number = base, 2
        while name in names:
            name, number = f"{base} ({number})", number + 1
        names.append(name)
    return names


def notes_of(found: Sequence[Measured], names: Sequence[str], reference: str | Path | None) -> tuple[str, ...]:
    """What the reader of the figures should know: rows left out, the reference itself, samples of different sizes."""
    notes = []
    for name, one in zip(names, found, strict=True):
        if odd := [*one.data.problems.lines(), *one.data.problems.irregular_lines()]:
            notes.append(f"{name}: " + "; ".join(odd))
        pairs = len({bytes(one.stream[at : at + 8]) for at in range(0, len(one.stream), 8)})
        if pairs < LEAST:
            notes.append(
                f"{name}: its {one.conversations} conversations are of {pairs} {'pair' if pairs == 1 else 'pairs'} of users; "
                f"below {LEAST} nothing can be said of chance, so there are no intervals and no tests."
            )
        leaked = [f"{share:.1%} in {other}" for other, share in one.leaks.items() if share]
        if leaked:
            notes.append(f"{name}: of its conversations, {', '.join(leaked)}, nearly word for word.")
        if reference is not None and str(reference) == one.data.source:
            notes.append(f"{name} is the reference, so its distances to the reference are near 0 by construction.")
    notes += _absences(found, names)
    if len({len(one.views) for one in found}) > 1:
        sizes = ", ".join(f"{name} {len(one.views)}" for name, one in zip(names, found, strict=True))
        notes.append(
            f"The text samples differ in size ({sizes}); distinct utterances, openings and repeats across conversations "
            "look worse in larger samples."
        )
    return tuple(notes)


def _absences(found: Sequence[Measured], names: Sequence[str]) -> list[str]:
    """What there is no figure of, and why: a line for each reason and the data sets that share it."""
    shared: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, one in zip(names, found, strict=True):
        by_reason: dict[str, list[str]] = {}
        for metric in one.metrics:
            if metric.name in one.absent:
                by_reason.setdefault(one.absent[metric.name], []).append(metric.title)
        for why, titles in by_reason.items():
            shared.setdefault((why, tuple(titles)), []).append(name)
    lines: list[str] = []
    for (why, without), sets in shared.items():
        more = f" and {len(without) - SHOWN_ABSENT} more" if len(without) > SHOWN_ABSENT else ""
        lines.append(f"{', '.join(sets)}: no figure for {'; '.join(without[:SHOWN_ABSENT])}{more}: {why}.")
    return lines
