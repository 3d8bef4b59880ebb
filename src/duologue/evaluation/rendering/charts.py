"""Charts of the report as SVG text, drawn by matplotlib without a display."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

from duologue.errors import UsageError
from duologue.evaluation.records import DataSetReport, Definition, Report
from duologue.intervals import Z
from duologue.text import printable

COLOURS = ("#1b6ca8", "#d1603d", "#3f8f4f", "#8a5ea8", "#b08a1e", "#5f6a72")
"""Of the data sets, in order; told apart by people who see colours differently as well, with the markers."""
_MARKERS = "osD^vP"
REFERENCE = "#8a9299"
"""Of the reference's value, a line."""
CUT = 200.0
"""Per cent of the reference's value at which distances to it are cut."""
_HATCHES = ("", "///", "...", "xxx")


def forest(report: Report, names: Sequence[str]) -> str:
    """One row a metric of these, a mark a data set, with its interval; as SVG text.

    All metrics must be shares. Raises UsageError when matplotlib is not installed.
    """
    figure, axes = _new(7.4, 0.55 + 0.30 * len(names))
    sets = report.data_sets
    for place, data in enumerate(sets):
        shift = 0.5 * (place - (len(sets) - 1) / 2) / max(1, len(sets))
        rows = [(row, f) for row, n in enumerate(names) if (f := data.figures.get(n)) is not None]
        for row, f in rows:
            axes.plot([100 * f.low, 100 * f.high], [row + shift] * 2, color=_colour(place), linewidth=1.6)
        axes.plot(
            [100 * f.value for _, f in rows],
            [row + shift for row, _ in rows],
            _marker(place),
            color=_colour(place),
            markersize=4.5,
            linestyle="none",
            label=_label(data),
        )
    human = report.reference.figures if report.reference is not None else {}
    marked = [(row, 100 * human[n].value) for row, n in enumerate(names) if n in human]
    for row, value in marked:
        axes.plot([value] * 2, [row - 0.4, row + 0.4], color=REFERENCE, linewidth=2.2, zorder=0.5)
    axes.set_yticks(range(len(names)), [_plain(report.metrics[n].title) for n in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(-2, 102)
    axes.set_xlabel("per cent")
    return _finished(figure, axes, len(sets))


def gaps(report: Report, second: str, most: int = 24) -> str:
    """The clearest differences between the first data set and ``second``, in standard errors; as SVG text.

    Right is where the first data set is better. Metrics without a better side are left out; the empty text when none is
    left. Raises UsageError when matplotlib is not installed.
    """
    found = []
    for gap in report.differences:
        metric = report.metrics[gap.metric]
        error = (gap.high - gap.low) / (2 * Z)
        if gap.second != second or metric.direction not in ("higher", "lower") or error <= 0:
            continue
        better = gap.difference if metric.direction == "higher" else -gap.difference
        found.append((max(-30.0, min(30.0, better / error)), metric, gap))
    if not found:
        return ""
    found = sorted(sorted(found, key=lambda row: -abs(row[0]))[:most], key=lambda row: -row[0])
    figure, axes = _new(7.4, 0.7 + 0.26 * len(found))
    axes.axvline(0, color="#444", linewidth=0.8)
    for row, (score, _, gap) in enumerate(found):
        axes.barh(
            row, score, color=_colour(0 if score > 0 else 1), alpha=1.0 if gap.p_holm < 0.05 else 0.35, height=0.62
        )
    axes.set_yticks(range(len(found)), [_plain(metric.title) for _, metric, _ in found])
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_xlabel("standard errors, cut at 30; pale where p > 0.05 after correction")
    return _finished(figure, axes, 0)


def to_reference(report: Report) -> str:
    """How much more or less than the reference the data sets have, in per cent of its value, cut at 200; as SVG text.

    One row a metric whose direction is ``human`` and of which the reference has some; the empty text where there is none.
    Raises UsageError when matplotlib is not installed.
    """
    human = report.reference.figures if report.reference is not None else {}
    scales = {name: 100 / abs(figure.value) for name, figure in human.items() if figure.value}
    sets = report.data_sets
    names = [n for n in scales if any(n in data.figures and data.figures[n].to_reference for data in sets)]
    if not names:
        return ""
    figure, axes = _new(7.4, 0.8 + 0.30 * len(names))
    axes.axvline(0, color=REFERENCE, linewidth=1.6)
    for place, data in enumerate(sets):
        shift = 0.5 * (place - (len(sets) - 1) / 2) / max(1, len(sets))
        rows, values = [], []
        for row, name in enumerate(names):
            f = data.figures.get(name)
            if f is None or f.to_reference is None:
                continue
            gap, scale = f.to_reference, scales[name]
            ends = [_cut(scale * gap.low), _cut(scale * gap.high)]
            axes.plot(ends, [row + shift] * 2, color=_colour(place), linewidth=1.6)
            rows.append(row + shift)
            values.append(_cut(scale * gap.difference))
        marker = _MARKERS[place % len(_MARKERS)]
        axes.plot(values, rows, marker, color=_colour(place), markersize=4.5, linestyle="none", label=_label(data))
    axes.set_yticks(range(len(names)), [_plain(report.metrics[n].title) for n in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("per cent of the reference's value, more or less than it, cut at 200")
    return _finished(figure, axes, len(sets))


def _cut(value: float) -> float:
    return max(-CUT, min(CUT, value))


def measures(report: Report, names: Sequence[str], columns: int = 4) -> str:
    """A small panel for each metric, a bar a data set, with its interval; as SVG text. For units other than shares."""
    rows = math.ceil(len(names) / columns)
    figure, grid = _new(7.6, 0.3 + 1.75 * rows, rows, columns)
    for axes in grid.flat:
        axes.set_visible(False)
    for axes, name in zip(grid.flat, names, strict=False):
        axes.set_visible(True)
        for place, data in enumerate(report.data_sets):
            f = data.figures.get(name)
            if f is None:
                continue
            axes.bar(place, f.value, color=_colour(place), hatch=_hatch(place), edgecolor="white", width=0.66)
            axes.plot([place, place], [f.low, f.high], color="#222", linewidth=1.2)
        if report.reference is not None and name in report.reference.figures:
            axes.axhline(report.reference.figures[name].value, color=REFERENCE, linewidth=1.6, linestyle="--")
        axes.set_title(_wrapped(report.metrics[name].title), fontsize=7.5)
        if report.metrics[name].unit != "count":
            axes.set_ylabel(report.metrics[name].unit, fontsize=6.5)
        axes.set_xticks([])
        axes.tick_params(labelsize=7)
    handles = [_patch(place, data) for place, data in enumerate(report.data_sets)]
    figure.legend(handles=handles, loc="outside lower center", ncol=min(4, len(handles)), fontsize=8, frameon=False)
    return _svg(figure)


def _new(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Any, Any]:
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UsageError(
            "report.html needs matplotlib, which is not installed: pip install 'duologue[evaluate]'"
        ) from error
    with rc_context({"font.size": 8.5, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots(rows, columns, squeeze=False)
    return figure, axes[0][0] if rows == columns == 1 else axes


def _finished(figure: Any, axes: Any, labels: int) -> str:
    axes.grid(axis="x", color="#ddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    if labels:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncol=min(4, labels), frameon=False, fontsize=8.5)
    return _svg(figure)


def _svg(figure: Any) -> str:
    """The drawing without XML head and without date, so that the same report gives the same text."""
    from matplotlib import rc_context

    out = io.StringIO()
    # Text as text (not outlines) keeps the page small, selectable and readable aloud.
    with rc_context({"svg.hashsalt": "duologue", "svg.fonttype": "none"}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def _patch(place: int, data: DataSetReport) -> Any:
    from matplotlib.patches import Patch

    return Patch(facecolor=_colour(place), hatch=_hatch(place), edgecolor="white", label=_label(data))


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _marker(place: int) -> str:
    """Stepped on by one for every six, so that colour and marker together are of one data set up to 36."""
    return _MARKERS[(place + place // len(COLOURS)) % len(_MARKERS)]


def _hatch(place: int) -> str:
    """Lines over a bar beyond the sixth, for bars have no markers."""
    return _HATCHES[place // len(COLOURS) % len(_HATCHES)]


def _label(data: DataSetReport) -> str:
    return _plain(f"{data.name} (n = {data.conversations:,})")


def _plain(text: str) -> str:
    """Without what matplotlib would read as mathematics, and without control characters."""
    return printable(text).replace("$", "\\$")


def _wrapped(title: str, width: int = 22) -> str:
    import textwrap

    return _plain("\n".join(textwrap.wrap(title, width)[:3]))


def charted(metric: Definition) -> bool:
    """Whether a metric goes into a forest chart."""
    return metric.unit == "share"
