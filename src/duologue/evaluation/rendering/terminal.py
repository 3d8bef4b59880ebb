"""The report as tables on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from duologue.evaluation.protocol import GROUPS
from duologue.evaluation.records import DataSetReport, Definition, Figure, Gap, Report
from duologue.evaluation.rendering.columns import columns
from duologue.evaluation.rendering.extras import Part, parts
from duologue.evaluation.rendering.numbers import number
from duologue.evaluation.rendering.scale import titled
from duologue.text import printable

ARROWS = {"higher": "\u2191", "lower": "\u2193", "human": "\u2248", "none": ""}
TITLES = {
    "expansion": "Expansion",
    "faithfulness": "Faithfulness",
    "quality": "Quality",
    "cleanliness": "Cleanliness",
    "diversity": "Diversity and collapse",
    "likeness": "Human likeness",
    "usefulness": "Usefulness",
    "toxicity": "Toxicity",
}


def print_report(console: Console, report: Report) -> None:
    """Print one table a group, a column a data set, and the notes."""
    for group in GROUPS:
        names = [n for n, d in report.metrics.items() if d.group == group and _measured(report, n)]
        if names:
            console.print(_table(report, TITLES[group], names))
    for part in parts(report):
        if part.rows:
            console.print(_plain_table(part))
        for note in part.notes:
            console.print(printable(note), markup=False, highlight=False, soft_wrap=True)
    for note in legend(report):
        console.print(printable(note), markup=False, highlight=False, soft_wrap=True)


def legend(report: Report) -> list[str]:
    """What the marks mean, and the notes."""
    lines = [
        f"{report.confidence:.0%} intervals by bootstrap; \u2191 higher is better, \u2193 lower, \u2248 nearer to human "
        "conversations. Shares are in per cent, from 0 to 100; other units but counts stand with the measure."
    ]
    if report.differences:
        first = report.data_sets[0].name
        lines.append(f"* differs from {first} (p < 0.05 after Holm's correction).")
    return [*lines, *report.notes]


def _plain_table(part: Part) -> Table:
    table = Table(title=Text(printable(part.title)), title_justify="left", title_style="bold")
    for place, name in enumerate(part.head):
        table.add_column(Text(printable(name)), justify="right" if place and _figures(part, place) else "left")
    for row in part.rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table


def _figures(part: Part, place: int) -> bool:
    """Whether a column holds figures, which stand to the right."""
    return all(not row[place] or row[place][0] in "-0123456789" for row in part.rows)


def _measured(report: Report, name: str) -> bool:
    return any(name in data.figures for data in report.data_sets)


def _table(report: Report, title: str, names: list[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    for data in report.data_sets:
        table.add_column(Text(f"{printable(data.name)}\nn = {data.conversations:,}"), justify="right")
    beside = columns(report, names)
    for column in beside:
        table.add_column(Text(f"{printable(column.title)}\nn = {column.n:,}"), justify="right")
    stated = any(report.metrics[name].paper for name in names)
    if stated:
        table.add_column("the paper")
    gaps = {(gap.metric, gap.second): gap for gap in report.differences}
    for name in names:
        metric = report.metrics[name]
        label = f"{titled(metric)} {ARROWS[metric.direction]}".rstrip()
        cells = [_cell(data, name, metric, gaps.get((name, data.name))) for data in report.data_sets]
        cells += [shown(column.figures.get(name), metric, column.n) for column in beside]
        if stated:
            cells.append(paper(metric))
        table.add_row(Text(printable(label)), *map(Text, cells))
    return table


def paper(metric: Definition) -> str:
    """The values that the paper states for this measure, in its unit; empty where it states none."""
    return ", ".join(f"{what} {number(value, metric)}" for what, value in metric.paper.items())


def _cell(data: DataSetReport, name: str, metric: Definition, gap: Gap | None) -> str:
    figure = data.figures.get(name)
    if figure is None:
        return "-"
    mark = "*" if gap is not None and gap.p_holm < 0.05 else ""
    return f"{shown(figure, metric, data.conversations)}{mark}"


def shown(figure: Figure | None, metric: Definition, conversations: int) -> str:
    """A figure with its interval, in its unit, and empty where there is none.

    With it stand the figure of all where it has one, and of how many it is where that is not every one of the conversations.
    """
    if figure is None:
        return ""
    value = number(figure.value, metric)
    if figure.interval:
        value += f" [{number(figure.low, metric)}, {number(figure.high, metric)}]"
    if figure.whole is not None:
        value += f" (whole: {number(figure.whole, metric)})"
    return value if figure.n == conversations else f"{value} n={figure.n:,}"
