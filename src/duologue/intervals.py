"""Intervals of shares, for every place that states one."""

from __future__ import annotations

import math

Z = 1.959964
"""Standard deviations of a normal distribution to either side that hold 95 % of it."""


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % score interval (1927) of a share in [0, 1] of ``n`` independent cases, more than 0."""
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    # At the ends, the limit is the share itself, but for rounding.
    return (max(0.0, middle - half) if share > 0 else 0.0), (min(1.0, middle + half) if share < 1 else 1.0)
