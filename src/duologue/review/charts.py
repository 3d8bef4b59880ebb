"""Charts as plain SVG. Colours come from classes in the style sheet, texts are escaped, every figure is a text too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH = 640
_COLOURS = 6
"""Series colours that the style sheet has."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line: (iteration, value in [0, 1]) in order."""

    name: str
    points: tuple[tuple[int, float], ...]


def bars(steps: Sequence[tuple[str, int]], title: str) -> Markup:
    """Horizontal bars, one a step, as wide as its count; empty without steps."""
    if not steps:
        return Markup()
    most = max(count for _, count in steps) or 1
    height = 34 * len(steps)
    parts = []
    for row, (name, count) in enumerate(steps):
        y = 34 * row
        width = max(2.0, (WIDTH - 270) * count / most)
        parts.append(
            Markup('<text class="label" x="148" y="{}" text-anchor="end">{}</text>').format(y + 21, name)
            + Markup('<rect class="bar" x="160" y="{}" width="{}" height="22" rx="4"/>').format(y + 5, f"{width:.1f}")
            + Markup('<text class="value" x="{}" y="{}">{}</text>').format(f"{168 + width:.1f}", y + 21, f"{count:,}")
        )
    return _svg(height, f"{title}: " + ", ".join(f"{name} {count:,}" for name, count in steps), parts)


def lines(series: Sequence[Series], title: str) -> Markup:
    """Lines over iterations on a scale from 0 to 1, with a legend; empty without series."""
    if not series:
        return Markup()
    iterations = sorted({i for s in series for i, _ in s.points})
    span = max(1, iterations[-1] - iterations[0])
    top, bottom, left, right = 12, 172, 40, WIDTH - 24

    def x(iteration: int) -> float:
        return (
            (left + right) / 2 if len(iterations) == 1 else left + (right - left) * (iteration - iterations[0]) / span
        )

    def y(value: float) -> float:
        return bottom - (bottom - top) * min(max(value, 0.0), 1.0)

    parts = [
        Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/><text class="tick" x="{}" y="{}" text-anchor="end">{}</text>')
        .format(left, right, y(v), y(v), left - 8, y(v) + 4, f"{v:g}")
        for v in (0.0, 0.5, 1.0)
    ]  # fmt: skip
    parts += [
        Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(f"{x(i):.1f}", bottom + 24, i)
        for i in iterations
    ]
    for number, line in enumerate(series):
        colour = f"s{number % _COLOURS}"
        path = " ".join(f"{x(i):.1f},{y(v):.1f}" for i, v in line.points)
        parts.append(Markup('<polyline class="line {}" points="{}"/>').format(colour, path))
        parts += [
            Markup('<circle class="dot {}" cx="{}" cy="{}" r="4"><title>{}</title></circle>').format(
                colour, f"{x(i):.1f}", f"{y(v):.1f}", f"{line.name}, iteration {i}: {v:.2f}"
            )
            for i, v in line.points
        ]
        row = bottom + 52 + 26 * number
        last = line.points[-1][1]
        parts.append(
            Markup('<rect class="key {}" x="{}" y="{}" width="14" height="4" rx="2"/>').format(colour, left, row - 6)
            + Markup('<text class="label" x="{}" y="{}">{}</text>').format(left + 22, row, f"{line.name} ({last:.2f})")
        )
    said = (f"{s.name} " + ", ".join(f"{v:.2f} in {i}" for i, v in s.points) for s in series)
    return _svg(bottom + 40 + 26 * len(series), f"{title}: {'; '.join(said)}", parts)


def _svg(height: int, title: str, parts: Sequence[Markup]) -> Markup:
    # A screen reader gets the figures as the picture's name; it does not look inside.
    opening = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        WIDTH, height, escape(title)
    )
    return opening + Markup("").join(parts) + Markup("</svg>")
