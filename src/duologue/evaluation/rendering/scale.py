"""A measure's unit, range and direction in words."""

from __future__ import annotations

from duologue.evaluation.records import Definition

DIRECTIONS = {
    "higher": "higher is better",
    "lower": "lower is better",
    "human": "nearer to human conversations is better",
    "none": "it only describes",
}


def unit(metric: Definition) -> str:
    """The unit that values are shown in: shares in per cent."""
    return "per cent" if metric.unit == "share" else metric.unit


def bounds(metric: Definition) -> str:
    """Least and greatest possible value, in that unit."""
    times = 100.0 if metric.unit == "share" else 1.0
    low, high = ("" if bound is None else f"{times * bound:,.6g}" for bound in metric.range)
    if low and high:
        return f"{low} to {high}"
    return f"from {low}" if low else f"up to {high}" if high else "no bounds"


def in_words(metric: Definition) -> str:
    """All three, as in ``per cent, 0 to 100; lower is better``."""
    return f"{unit(metric)}, {bounds(metric)}; {DIRECTIONS[metric.direction]}"


def titled(metric: Definition) -> str:
    """The title, the size at which data sets are compared, and the unit unless it is a share or a count or named already."""
    title = metric.title if metric.size is None else f"{metric.title}, of {metric.size:,} {metric.counted}"
    plain = metric.unit in ("share", "count") or metric.unit in metric.title.lower()
    return title if plain else f"{title} ({metric.unit})"
