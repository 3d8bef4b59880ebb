"""Tests of the measures of agreement, against published examples where there are any."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.review.study.agreement import (
    bootstrap,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    ratings_kappa,
    spearman,
)

FLEISS = (
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
)  # fmt: skip
"""The worked example that goes with Fleiss' kappa: 14 raters, 10 subjects, 5 categories; kappa is 0.210."""


def test_fleiss_gives_the_published_value() -> None:
    assert fleiss_kappa(FLEISS) == pytest.approx(0.20993, abs=1e-5)


def test_fleiss_at_its_ends() -> None:
    assert fleiss_kappa([(3, 0), (0, 3), (3, 0)]) == pytest.approx(1.0)
    assert fleiss_kappa([(1, 1), (1, 1)]) == pytest.approx(-1.0)
    assert math.isnan(fleiss_kappa([(3, 0), (3, 0)]))
    assert math.isnan(fleiss_kappa([]))
    with pytest.raises(ValueError, match="same number"):
        fleiss_kappa([(2, 1), (1, 1)])


def test_items_with_another_number_of_raters_are_left_out() -> None:
    ratings = {"a": {"x": 1, "y": 1}, "b": {"x": 2, "y": 2}, "c": {"x": 1}, "d": {"x": 1, "y": 2, "z": 2}}
    assert list(ratings_kappa(ratings, (1, 2))) == [pytest.approx(1.0), 2]
    assert ratings_kappa({"a": {"x": 1}}, (1, 2))[1] == 0


def test_alpha_gives_the_published_value_with_missing_ratings() -> None:
    # Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", example C: nominal alpha is 0.743, ordinal 0.815.
    rows = {
        "A": "1 2 3 3 2 1 4 1 2 . . .", "B": "1 2 3 3 2 2 4 1 2 5 . 3",
        "C": ". 3 3 3 2 3 4 2 2 5 1 .", "D": "1 2 3 3 2 4 4 1 2 5 1 .",
    }  # fmt: skip
    units: dict[str, dict[str, int]] = {}
    for who, text in rows.items():
        for unit, value in enumerate(text.split()):
            if value != ".":
                units.setdefault(str(unit), {})[who] = int(value)
    assert krippendorff_alpha(units, "nominal", (1, 2, 3, 4, 5)) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(units, "ordinal", (1, 2, 3, 4, 5)) == pytest.approx(0.815, abs=5e-4)
    assert math.isnan(krippendorff_alpha({"1": {"A": 1}}, "nominal", (1, 2)))
    assert math.isnan(krippendorff_alpha({"1": {"A": 1, "B": 1}}, "nominal", (1, 2)))


def test_rank_correlation_and_cohen() -> None:
    assert spearman([1, 2, 3, 4], [10, 20, 30, 40]) == pytest.approx(1.0)
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1.0)
    # Ties at their mean rank: ranks 1, 2.5, 2.5, 4 against 1 to 4.
    assert spearman([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(4.5 / math.sqrt(4.5 * 5))
    assert math.isnan(spearman([1, 1, 1], [1, 2, 3]))
    assert math.isnan(spearman([1, 2], [1, 2]))
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, by chance 0.5.
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    assert cohen_kappa(pairs) == pytest.approx(0.4)
    assert math.isnan(cohen_kappa([]))


def test_the_bootstrap_interval_is_that_of_a_share() -> None:
    rows = [(1.0, 1.0)] * 60 + [(0.0, 1.0)] * 140
    low, high = bootstrap(rows, lambda t: np.asarray(t[:, 0] / t[:, 1]))
    half = 1.96 * math.sqrt(0.3 * 0.7 / 200)
    assert low == pytest.approx(0.3 - half, abs=0.012)
    assert high == pytest.approx(0.3 + half, abs=0.012)
    assert bootstrap(rows, lambda t: np.asarray(t[:, 0] / t[:, 1])) == (low, high)
    assert math.isnan(bootstrap([], lambda t: np.asarray(t[:, 0]))[0])


@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=2, max_size=12))
def test_kappa_and_alpha_stay_in_their_range(labels: list[list[int]]) -> None:
    ratings = {str(i): dict(zip("abc", row, strict=True)) for i, row in enumerate(labels)}
    for value in (ratings_kappa(ratings, range(4))[0], krippendorff_alpha(ratings, "nominal", range(4))):
        assert math.isnan(value) or -1.0 - 1e-9 <= value <= 1.0 + 1e-9
