"""Values as they are shown."""

from __future__ import annotations

from duologue.evaluation.records import Definition


def number(value: float, metric: Definition) -> str:
    """A value in its unit: shares in per cent."""
    if metric.unit == "share":
        return f"{100 * value:.1f}%"
    if metric.unit == "count" and value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.1f}"
