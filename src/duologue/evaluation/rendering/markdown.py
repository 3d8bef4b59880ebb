"""The report as Markdown tables, for a repository or a data set card."""

from __future__ import annotations

import re

from duologue.evaluation.protocol import GROUPS
from duologue.evaluation.records import DataSetReport, Definition, Gap, Report
from duologue.evaluation.rendering.columns import columns
from duologue.evaluation.rendering.extras import parts
from duologue.evaluation.rendering.scale import DIRECTIONS, bounds, titled, unit
from duologue.evaluation.rendering.terminal import ARROWS, TITLES, legend, paper, shown
from duologue.text import printable

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#&])")


def markdown(report: Report) -> str:
    """One table a group, a column a data set, and a column with the paper's values where it states any."""
    lines = ["# Evaluation", "", " ".join(map(_plain, legend(report)[: 2 if report.differences else 1])), ""]
    lines += [
        f"- {_plain(d.name)}: {d.conversations:,} conversations of {_plain(d.source)}, {d.unreadable:,} unreadable rows"
        for d in report.data_sets
    ]
    lines += [f"- {_plain(note)}" for note in report.notes]
    gaps = {(gap.metric, gap.second): gap for gap in report.differences}
    for group in GROUPS:
        names = [
            n for n, d in report.metrics.items() if d.group == group and any(n in s.figures for s in report.data_sets)
        ]
        if not names:
            continue
        stated = any(report.metrics[n].paper for n in names)
        beside = columns(report, names)
        head = ["", *(_plain(d.name) for d in report.data_sets), *(_plain(c.title) for c in beside)]
        head += ["the paper"] if stated else []
        lines += ["", f"## {TITLES[group]}", "", _row(head), _row(["---"] * len(head))]
        for name in names:
            metric = report.metrics[name]
            cells = [f"{_plain(titled(metric))} {ARROWS[metric.direction]}".rstrip()]
            cells += [_cell(data, name, metric, gaps.get((name, data.name))) for data in report.data_sets]
            cells += [_plain(shown(column.figures.get(name), metric, column.n)) for column in beside]
            if stated:
                cells.append(_plain(paper(metric)))
            lines.append(_row(cells))
    for part in parts(report):
        lines += ["", f"## {_plain(part.title)}"]
        if part.rows:
            lines += ["", _row([*map(_plain, part.head)]), _row(["---"] * len(part.head))]
            lines += [_row([*map(_plain, row)]) for row in part.rows]
        lines += [line for note in part.notes for line in ("", _plain(note))]
    return "\n".join([*lines, *_scales(report)]) + "\n"


def _scales(report: Report) -> list[str]:
    """What every measure's values are in, how far they can go and which way is better."""
    held = [d for n, d in report.metrics.items() if any(n in s.figures for s in report.data_sets)]
    if not held:
        return []
    lines = ["", "## Units and ranges", "", _row(["measure", "unit", "range", "direction"]), _row(["---"] * 4)]
    return lines + [
        _row([*map(_plain, (metric.title, unit(metric), bounds(metric), DIRECTIONS[metric.direction]))])
        for metric in held
    ]


def _cell(data: DataSetReport, name: str, metric: Definition, gap: Gap | None) -> str:
    figure = data.figures.get(name)
    if figure is None:
        return "-"
    return _plain(shown(figure, metric, data.conversations)) + ("\\*" if gap is not None and gap.p_holm < 0.05 else "")


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(printable(text).split()))
