"""How far annotators agree: Fleiss' kappa, Krippendorff's alpha, rank correlation, and bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Interval = tuple[float, float]
DRAWS = 2000
"""Bootstrap samples."""


def fleiss_kappa(table: Sequence[Sequence[int]]) -> float:
    """Fleiss' kappa (Fleiss 1971, equations 1 to 8).

    ``table[i][j]`` counts the raters that put item ``i`` into category ``j``; every row has the same sum, at least 2.
    NaN without rows, or where all ratings fall into one category, so that agreement by chance is certain. Raises
    ValueError where rows have different sums.
    """
    counts = np.asarray(table, dtype=np.float64)
    if counts.size == 0:
        return math.nan
    raters = counts.sum(axis=1)
    if (raters != raters[0]).any() or raters[0] < 2:
        raise ValueError("every item needs the same number of raters, at least 2")
    n = raters[0]
    by_item = ((counts**2).sum(axis=1) - n) / (n * (n - 1))
    chance = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    return math.nan if chance >= 1.0 else float((by_item.mean() - chance) / (1.0 - chance))


def ratings_kappa(ratings: Mapping[str, Mapping[str, Any]], categories: Sequence[Any]) -> tuple[float, int]:
    """Fleiss' kappa of ratings by item and rater, and of how many items.

    Items may have different numbers of raters; only those with the most common number, of two or more, are counted.
    """
    sizes = [len(by) for by in ratings.values() if len(by) >= 2]
    if not sizes:
        return math.nan, 0
    usual = max(set(sizes), key=lambda n: (sizes.count(n), n))
    table = [[sum(v == c for v in by.values()) for c in categories] for by in ratings.values() if len(by) == usual]
    return fleiss_kappa(table), len(table)


def krippendorff_alpha(
    ratings: Mapping[str, Mapping[str, Any]], level: Literal["nominal", "ordinal"], categories: Sequence[Any]
) -> float:
    """Krippendorff's alpha of ratings by item and rater, missing ones allowed, by the library ``krippendorff``.

    NaN where no item has two ratings, or all ratings are the same.
    """
    import krippendorff

    raters = sorted({r for by in ratings.values() for r in by})
    place = {c: float(i) for i, c in enumerate(categories)}
    data = np.full((len(raters), len(ratings)), np.nan)
    for column, by in enumerate(ratings.values()):
        for rater, value in by.items():
            data[raters.index(rater), column] = place[value]
    pairable = (~np.isnan(data)).sum(axis=0) >= 2
    values = data[:, pairable]
    if not pairable.any() or len(np.unique(values[~np.isnan(values)])) < 2:
        return math.nan
    return float(krippendorff.alpha(reliability_data=data, level_of_measurement=level))


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's rank correlation, ties at their mean rank; NaN below three pairs or without variance."""
    if len(one) < 3:
        return math.nan
    a, b = _ranks(one), _ranks(other)
    if a.std() == 0 or b.std() == 0:
        return math.nan
    return float(np.corrcoef(a, b)[0, 1])


def cohen_kappa(pairs: Sequence[tuple[bool, bool]]) -> float:
    """Cohen's kappa of two raters' yes and no; NaN without pairs or where chance agreement is certain."""
    if not pairs:
        return math.nan
    n = len(pairs)
    seen = sum(a == b for a, b in pairs) / n
    yes_a, yes_b = sum(a for a, _ in pairs) / n, sum(b for _, b in pairs) / n
    chance = yes_a * yes_b + (1 - yes_a) * (1 - yes_b)
    return math.nan if chance >= 1.0 else (seen - chance) / (1 - chance)


def bootstrap(items: Sequence[Sequence[float]], figure: Callable[[Floats], Floats], seed: int = 0) -> Interval:
    """95 % percentile interval of a figure, resampling whole items.

    ``items`` holds a row of sums for each item; ``figure`` maps totals, shape (draws, columns), to figures, shape (draws,).
    (NaN, NaN) without items.
    """
    if not items:
        return math.nan, math.nan
    rows = np.asarray(items, dtype=np.float64)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=DRAWS).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        figures = figure(weights @ rows)
    figures = figures[np.isfinite(figures)]
    if not len(figures):
        return math.nan, math.nan
    low, high = np.percentile(figures, (2.5, 97.5))
    return float(low), float(high)


def _ranks(values: Sequence[float]) -> Floats:
    data = np.asarray(values, dtype=np.float64)
    _, place, counts = np.unique(data, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: Floats = (ends - (counts - 1) / 2)[place]
    return ranks
