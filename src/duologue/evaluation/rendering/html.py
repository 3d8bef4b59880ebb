"""The report as one HTML page that needs no network: style and charts stand in it, and there are no scripts."""

from __future__ import annotations

from importlib import resources
from typing import Any

from duologue.errors import UsageError
from duologue.evaluation.protocol import GROUPS
from duologue.evaluation.records import Definition, Figure, Gap, Report
from duologue.evaluation.rendering import charts
from duologue.evaluation.rendering.columns import columns
from duologue.evaluation.rendering.extras import parts
from duologue.evaluation.rendering.numbers import number
from duologue.evaluation.rendering.scale import in_words, titled
from duologue.evaluation.rendering.terminal import ARROWS, TITLES, legend, paper
from duologue.text import printable


def page(report: Report) -> str:
    """The page. Raises UsageError when Jinja or matplotlib is not installed.

    Everything that comes from data (names, problems) is escaped by the template; charts are drawn by matplotlib, which
    escapes their text.
    """
    try:
        import jinja2
    except ImportError as error:
        raise UsageError(
            "report.html needs jinja2, which is not installed: pip install 'duologue[evaluate]'"
        ) from error
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["printable"] = printable
    text = resources.files("duologue.evaluation.rendering").joinpath("report.html.jinja").read_text(encoding="utf-8")
    return environment.from_string(text).render(
        report=report,
        groups=[group for group in (_group(report, name) for name in GROUPS) if group["rows"]],
        gaps=_gaps(report),
        to_reference=_to_reference(report),
        parts=parts(report),
        legend=legend(report)[: 2 if report.differences else 1],
    )


def _group(report: Report, name: str) -> dict[str, Any]:
    from markupsafe import Markup

    held = [n for n, d in report.metrics.items() if d.group == name and any(n in s.figures for s in report.data_sets)]
    shares = [n for n in held if charts.charted(report.metrics[n])]
    others = [n for n in held if n not in shares]
    marks = {(g.metric, g.second): g for g in report.differences}
    beside = columns(report, held)
    rows = []
    for metric_name in held:
        metric = report.metrics[metric_name]
        cells = [
            _cell(data.figures.get(metric_name), metric, marks.get((metric_name, data.name)))
            for data in report.data_sets
        ]
        cells += [_cell(column.figures.get(metric_name), metric, None) for column in beside]
        arrow = ARROWS[metric.direction]
        row = {"name": metric_name, "title": titled(metric), "metric": metric, "arrow": arrow, "cells": cells}
        rows.append(row | {"paper": paper(metric), "scale": in_words(metric)})
    drawn = [
        Markup(svg)  # noqa: S704 - drawn here by matplotlib, which escapes its text
        for svg in (
            charts.forest(report, shares) if shares else "",
            charts.measures(report, others) if others else "",
        )
        if svg
    ]
    return {
        "title": TITLES[name],
        "rows": rows,
        "charts": drawn,
        "beside": beside,
        "paper": any(row["paper"] for row in rows),
    }


def _cell(figure: Figure | None, metric: Definition, gap: Gap | None) -> dict[str, Any] | None:
    if figure is None:
        return None
    return {
        "value": number(figure.value, metric),
        "low": number(figure.low, metric),
        "high": number(figure.high, metric),
        "interval": figure.interval,
        "whole": None if figure.whole is None else number(figure.whole, metric),
        "n": figure.n,
        "count": figure.count,
        "of": figure.of,
        "rows": figure.rows,
        "differs": gap is not None and gap.p_holm < 0.05,
        "p": None if gap is None else gap.p_holm,
    }


def _to_reference(report: Report) -> Any:
    from markupsafe import Markup

    return Markup(charts.to_reference(report))  # noqa: S704 - drawn here by matplotlib


def _gaps(report: Report) -> list[dict[str, Any]]:
    from markupsafe import Markup

    found = []
    for data in report.data_sets[1:]:
        svg = charts.gaps(report, data.name)
        if svg:
            found.append({"second": data.name, "chart": Markup(svg)})  # noqa: S704 - drawn here by matplotlib
    return found
