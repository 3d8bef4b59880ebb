"""From estimates to the records of the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from duologue.datasets.source import DataSet, located
from duologue.evaluation.bootstrap import LEAST, Estimate, difference
from duologue.evaluation.measure import Common, Measured, too_small
from duologue.evaluation.metrics.spread import TopicSpread
from duologue.evaluation.protocol import Metric, definition
from duologue.evaluation.records import (
    DataSetReport,
    Definition,
    Figure,
    ProblemCount,
    ReviewReport,
    TopicReport,
    ToReference,
)
from duologue.evaluation.run_account import iterations, stages
from duologue.evaluation.sized import Sized
from duologue.evaluation.topics import Shares, Topics

SHOWN_ABSENT = 4
"""Measures without a figure that are named for one reason; report.json names all."""


def describe(metric: Metric, size: int | None = None) -> Definition:
    """A metric's definition for the report; ``size`` is that at which data sets are compared."""
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
        counted=metric.counted if isinstance(metric, Sized) else "",
        size=size,
    )


def report_of(
    name: str, found: Measured, reviewed: tuple[ReviewReport, ...] = (), human: Measured | None = None
) -> DataSetReport:
    """What was measured of one data set; beside ``human``, the reference, where there is one."""
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
        samples={"text": len(found.text_views), "model": len(found.model_views)} | found.judged,
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
                whole=found.whole.get(metric),
                count=made.count,
                of=made.of,
                sample=found.samples[metric],
                interval=made.replicates is not None,
                rows=tuple(found.rows.get(metric, ())),
                to_reference=to_reference(made, human.estimates.get(metric)) if human is not None else None,
            )
            for metric, made in found.estimates.items()
        },
        absent=found.absent,
        leaks=found.leaks,
    )


def to_reference(made: Estimate, human: Estimate | None) -> ToReference | None:
    """An estimate less the reference's; None where the reference has none."""
    if human is None:
        return None
    gap = difference(made, human)
    value = made.value - human.value
    low, high = (value, value) if gap is None else gap[1:3]
    return ToReference(difference=value, low=low, high=high, interval=gap is not None)


def topics_of(topics: Topics | None, found: Sequence[Measured], names: Sequence[str]) -> tuple[TopicReport, ...]:
    """The topics, and their shares of each data set that has any."""
    shares: dict[str, Shares] = {}
    for name, one in zip(names, found, strict=True):
        metric = next((m for m in one.metrics if isinstance(m, TopicSpread)), None)
        held = metric.shares(one.text_views) if metric is not None else None
        if held is not None:
            shares[name] = held
    if topics is None or not shares:
        return ()
    made = [
        TopicReport(words=words, shares={name: float(held[place]) for name, held in shares.items()})
        for place, words in enumerate(topics.words)
    ]
    return tuple(sorted(made, key=lambda topic: -sum(topic.shares.values())))


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


def notes_of(
    found: Sequence[Measured], names: Sequence[str], reference: str | Path | None, common: Common
) -> tuple[str, ...]:
    """What the reader of the figures should know: rows left out, the reference itself, sizes that differ."""
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
        if reference is not None and located(reference) == located(one.data.source):
            notes.append(f"{name} is the reference, so its distances to the reference are near 0 by construction.")
    notes += _absences(found, names)
    return (*notes, *_sizes(found, names, common))


def _sizes(found: Sequence[Measured], names: Sequence[str], common: Common) -> list[str]:
    """How data sets of different sizes are compared."""
    lines: list[str] = []
    if any(one.whole for one in found):
        lines.append(
            "Measures that go up or down with how much is read are compared at one size, which stands with their names: what "
            "the smallest data set offers. Where a data set has more, its figure is the mean over as many parts of that size "
            "as it gives, and 'whole' that of all, which does not compare."
        )
    sized = [one.sized for one in found]
    for name, one, own in zip(names, found, sized, strict=True):
        few = [m.title for key, m in own.items() if key in common.sizes and too_small(key, one, common)]
        if few:
            lines.append(f"{name} is too small to be compared in {_listed(few)}.")
    unsized = [
        metric.title
        for key, metric in (sized[0].items() if len(found) > 1 else ())
        if key not in common.sizes and sum(key in one.estimates for one in found) > 1
    ]
    if unsized:
        lines.append(f"Not compared, since fewer than two data sets have enough for a common size: {_listed(unsized)}.")
    duplicates = any(m.name == "duplicates" for one in found for m in one.metrics)
    if duplicates and len({one.conversations for one in found}) > 1:
        lines.append("Exact and near-duplicates are counted in whole data sets; larger ones can hold more of them.")
    return lines


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
        lines.append(f"{', '.join(sets)}: no figure for {_listed(without)}: {why}.")
    return lines


def _listed(titles: Sequence[str]) -> str:
    """The first titles, and how many more there are."""
    more = f" and {len(titles) - SHOWN_ABSENT} more" if len(titles) > SHOWN_ABSENT else ""
    return f"{'; '.join(titles[:SHOWN_ABSENT])}{more}"
