"""What a measure says of a conversation, and small tools that measures share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One measure of one conversation."""

    value: float
    """In [0, 1]; 1 is as good as it gets, and costs nothing."""
    utterances: tuple[int, ...] = ()
    """Indices of the utterances to blame, in order."""
    note: str = ""
    """What else there is to say, in a few words."""


def clamp(value: float) -> float:
    """``value`` held inside [0, 1]."""
    return min(1.0, max(0.0, float(value)))


def ramp(value: float, low: float, high: float) -> float:
    """0 up to ``low``, 1 from ``high``, straight between; falling where ``low`` is the greater."""
    return clamp((value - low) / (high - low))


def mean(values: Sequence[float], default: float = 0.0) -> float:
    """The mean, or ``default`` of nothing."""
    return sum(values) / len(values) if values else default


def lowest(parts: Sequence[float], default: float = 0.0) -> float:
    """The smaller of two speakers' values: a talk is as good as its worse half. ``default`` of nothing."""
    return min(parts) if parts else default
