"""How far annotators agree: Fleiss' kappa, Krippendorff's alpha, rank correlation, and bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from duologue.intervals import wilson

Floats = NDArray[np.float64]
Interval = tuple[float, float]
Level = Literal["nominal", "ordinal"]
DRAWS = 2000
"""Bootstrap samples."""
_SAME = 1e-9
"""Figures closer than this differ by rounding only."""


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
    table = _counts(_usual(ratings), categories)
    return fleiss_kappa(list(table.values())), len(table)


def kappa_interval(
    ratings: Mapping[str, Mapping[str, Any]], categories: Sequence[Any], whole: Mapping[str, str] | None = None
) -> Interval:
    """95 % bootstrap interval of ``ratings_kappa``.

    ``whole`` says which item each key of ``ratings`` is a part of, and items are resampled with all their parts; without
    it each key is an item. (NaN, NaN) below two items and where kappa is NaN.
    """
    table = _counts(_usual(ratings), categories)
    rows = {}
    for part, counts in table.items():
        n = sum(counts)
        rows[part] = [sum(c * (c - 1) for c in counts) / (n * (n - 1)), 1.0, *counts]

    def figure(totals: Floats) -> Floats:
        shares = totals[:, 2:] / totals[:, 2:].sum(axis=1, keepdims=True)
        chance = (shares**2).sum(axis=1)
        made: Floats = (totals[:, 0] / totals[:, 1] - chance) / (1.0 - chance)
        return made

    return _beyond_chance(_items(rows, whole), figure)


def krippendorff_alpha(ratings: Mapping[str, Mapping[str, Any]], level: Level, categories: Sequence[Any]) -> float:
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


def alpha_interval(
    ratings: Mapping[str, Mapping[str, Any]],
    level: Level,
    categories: Sequence[Any],
    whole: Mapping[str, str] | None = None,
) -> Interval:
    """95 % bootstrap interval of ``krippendorff_alpha``; ``whole`` and NaN as in ``kappa_interval``.

    Every resample is the sum of its items' coincidences (Krippendorff 2011), each of shape (categories, categories).
    """
    rows = {}
    for part, counts in _counts({k: by for k, by in ratings.items() if len(by) >= 2}, categories).items():
        seen = np.asarray(counts, dtype=np.float64)
        rows[part] = ((np.outer(seen, seen) - np.diag(seen)) / (seen.sum() - 1)).ravel().tolist()

    def figure(totals: Floats) -> Floats:
        pairs = totals.reshape(-1, len(categories), len(categories))
        of = pairs.sum(axis=2)
        # Ordinal values lie as far apart as their mean ranks, nominal ones all the same.
        ranks = of.cumsum(axis=1) - of / 2
        far = (ranks[:, :, None] - ranks[:, None, :]) ** 2 if level == "ordinal" else 1 - np.eye(len(categories))
        chance = (of[:, :, None] * of[:, None, :] * far).sum(axis=(1, 2))
        made: Floats = 1 - (of.sum(axis=1) - 1) * (pairs * far).sum(axis=(1, 2)) / chance
        return made

    return _beyond_chance(_items(rows, whole), figure)


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
    with np.errstate(invalid="ignore", divide="ignore"):
        figures = figure(_weights(len(rows), seed) @ rows)
    figures = figures[np.isfinite(figures)]
    if not len(figures):
        return math.nan, math.nan
    low, high = np.percentile(figures, (2.5, 97.5))
    return float(low), float(high)


@lru_cache(maxsize=2)
def _weights(items: int, seed: int) -> Floats:
    """How often each item is in each resample, shape (DRAWS, items); kept, for the figures of a study share them."""
    drawn = np.random.default_rng(seed).multinomial(items, np.full(items, 1 / items), size=DRAWS).astype(np.float64)
    drawn.flags.writeable = False
    return drawn


def _usual(ratings: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    """The ratings with the most common number of raters, of two or more."""
    sizes = [len(by) for by in ratings.values() if len(by) >= 2]
    usual = max(set(sizes), key=lambda n: (sizes.count(n), n), default=0)
    return {key: by for key, by in ratings.items() if sizes and len(by) == usual}


def _counts(ratings: Mapping[str, Mapping[str, Any]], categories: Sequence[Any]) -> dict[str, list[int]]:
    """By key: how many raters chose each category."""
    return {key: [sum(v == c for v in by.values()) for c in categories] for key, by in ratings.items()}


def _items(rows: Mapping[str, Sequence[float]], whole: Mapping[str, str] | None) -> list[list[float]]:
    """Rows added up to one of each item."""
    parts: dict[str, list[Sequence[float]]] = {}
    for part, row in rows.items():
        parts.setdefault(part if whole is None else whole[part], []).append(row)
    return [[sum(column) for column in zip(*of, strict=True)] for of in parts.values()]


def _beyond_chance(items: Sequence[Sequence[float]], figure: Callable[[Floats], Floats]) -> Interval:
    """The interval of a measure of agreement that is 1 where all agree and 0 by chance; rows as in ``bootstrap``.

    Resamples in which the measure is undefined, for they hold one category only, are left out.
    """
    none = (math.nan, math.nan)
    if len(items) < 2:
        return none
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(figure(np.asarray(items, dtype=np.float64).sum(axis=0, keepdims=True))[0])
    if not math.isfinite(value):
        return none
    low, high = bootstrap(items, figure)
    if high - low > _SAME:
        return low, min(high, 1.0)
    # With full agreement there is nothing to resample, yet that of a few is no certainty. Were a share of items rated at
    # random and the others alike, the measure would be one minus that share, of which Wilson's interval tells the most.
    return wilson(1.0, len(items)) if value > 1 - _SAME else none


def _ranks(values: Sequence[float]) -> Floats:
    data = np.asarray(values, dtype=np.float64)
    _, place, counts = np.unique(data, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: Floats = (ends - (counts - 1) / 2)[place]
    return ranks
