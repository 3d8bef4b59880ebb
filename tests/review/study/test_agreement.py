"""Tests of the measures of agreement, against published examples where there are any."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from duologue.review.study.agreement import (
    Level,
    alpha_interval,
    bootstrap,
    cohen_kappa,
    fleiss_kappa,
    kappa_interval,
    krippendorff_alpha,
    ratings_kappa,
    spearman,
)

FLEISS = (
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
)  # fmt: skip
"""The worked example that goes with Fleiss' kappa: 14 raters, 10 subjects, 5 categories; kappa is 0.210."""


LEVELS: tuple[Level, ...] = ("nominal", "ordinal")
KRIPPENDORFF = {
    "A": "1 2 3 3 2 1 4 1 2 . . .", "B": "1 2 3 3 2 2 4 1 2 5 . 3",
    "C": ". 3 3 3 2 3 4 2 2 5 1 .", "D": "1 2 3 3 2 4 4 1 2 5 1 .",
}  # fmt: skip
"""Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", example C: nominal alpha is 0.743, ordinal 0.815."""


def ratings_of(rows: Sequence[Sequence[int]]) -> dict[str, dict[str, int]]:
    """Ratings by item and rater of a row of ratings for each item."""
    return {f"i{n}": {f"r{m}": value for m, value in enumerate(row)} for n, row in enumerate(rows)}


def fleiss_ratings() -> dict[str, dict[str, int]]:
    """The worked example, rater by rater."""
    return ratings_of([[c for c, n in enumerate(row) for _ in range(n)] for row in FLEISS])


def krippendorff_units() -> dict[str, dict[str, int]]:
    """The example by unit and rater."""
    units: dict[str, dict[str, int]] = {}
    for who, text in KRIPPENDORFF.items():
        for unit, value in enumerate(text.split()):
            if value != ".":
                units.setdefault(str(unit), {})[who] = int(value)
    return units


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
    units = krippendorff_units()
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


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_cohen_is_that_of_scikit_learn(pairs: list[tuple[bool, bool]]) -> None:
    one, other = ([pair[side] for pair in pairs] for side in (0, 1))
    if len({*one, *other}) == 1:
        assert math.isnan(cohen_kappa(pairs))
    else:
        assert cohen_kappa(pairs) == pytest.approx(float(cohen_kappa_score(one, other)), abs=1e-9)


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


def test_intervals_are_those_of_resampling_by_hand() -> None:
    ratings = fleiss_ratings()
    rng = np.random.default_rng(7)
    samples = [[[*ratings.values()][i] for i in rng.integers(0, 10, 10)] for _ in range(800)]
    drawn: dict[str, list[float]] = {"kappa": [], "nominal": [], "ordinal": []}
    for sample in samples:
        again = {str(n): by for n, by in enumerate(sample)}
        drawn["kappa"].append(ratings_kappa(again, range(5))[0])
        for level in LEVELS:
            drawn[level].append(krippendorff_alpha(again, level, range(5)))
    found: dict[str, tuple[float, float]] = {level: alpha_interval(ratings, level, range(5)) for level in LEVELS}
    found["kappa"] = kappa_interval(ratings, range(5))
    for name, (low, high) in found.items():
        by_hand = np.percentile(drawn[name], (2.5, 97.5))
        assert low == pytest.approx(by_hand[0], abs=0.03), name
        assert high == pytest.approx(by_hand[1], abs=0.03), name
    assert 0.0 < found["kappa"][0] < 0.20993 < found["kappa"][1] < 0.5


def test_intervals_hold_the_published_values_and_are_the_same_every_time() -> None:
    units = krippendorff_units()
    for level, published in zip(LEVELS, (0.743, 0.815), strict=True):
        low, high = alpha_interval(units, level, range(1, 6))
        assert 0.2 < low < published < high <= 1.0
        # Whatever else was asked in between.
        for n in (2, 3, 4):
            bootstrap([(1.0, 1.0)] * n, lambda t: np.asarray(t[:, 0]))
        assert alpha_interval(units, level, range(1, 6)) == (low, high)


def test_items_are_resampled_with_all_their_parts() -> None:
    ratings = fleiss_ratings()
    parts = {f"{item}/{n}": by for item, by in ratings.items() for n in range(8)}
    whole = {part: part.split("/")[0] for part in parts}
    # Eight times the same says no more than once; as items of their own the parts would seem to.
    once = kappa_interval(ratings, range(5))
    assert kappa_interval(parts, range(5), whole) == pytest.approx(once)
    low, high = kappa_interval(parts, range(5))
    assert high - low < 0.5 * (once[1] - once[0])
    once = alpha_interval(ratings, "ordinal", range(5))
    assert alpha_interval(parts, "ordinal", range(5), whole) == pytest.approx(once, abs=0.01)
    # Parts of one item only are one item.
    assert math.isnan(kappa_interval(parts, range(5), dict.fromkeys(parts, "i"))[0])
    assert math.isnan(alpha_interval(parts, "nominal", range(5), dict.fromkeys(parts, "i"))[1])


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [[1, 2]],
        # One category only; nobody beside anybody; one item that can be compared.
        [[1, 1], [1, 1], [1, 1]],
        [[1], [2], [1]],
        [[1, 2], [1], [2]],
    ],
)
def test_no_interval_where_nothing_can_be_told(rows: list[list[int]]) -> None:
    ratings = ratings_of(rows)
    ends = kappa_interval(ratings, (1, 2)) + alpha_interval(ratings, "nominal", (1, 2))
    assert all(map(math.isnan, ends + alpha_interval(ratings, "ordinal", (1, 2))))


def test_no_interval_where_all_resamples_are_alike() -> None:
    # Nobody agrees with anybody on any item.
    ratings = ratings_of([[1, 2]] * 4)
    assert ratings_kappa(ratings, (1, 2))[0] == pytest.approx(-1.0)
    assert all(map(math.isnan, kappa_interval(ratings, (1, 2)) + alpha_interval(ratings, "nominal", (1, 2))))


def test_full_agreement_of_a_few_items_is_no_certainty() -> None:
    ratings = ratings_of([[1, 1, 1], [2, 2, 2], [1, 1, 1], [2, 2, 2], [1, 1, 1]])
    for low, high in (kappa_interval(ratings, (1, 2)), alpha_interval(ratings, "ordinal", (1, 2))):
        assert low == pytest.approx(0.566, abs=5e-4)
        assert high == 1.0


@given(st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=2, max_size=12))
def test_intervals_are_within_the_range_of_the_measure(labels: list[list[int]]) -> None:
    ratings = ratings_of(labels)
    for low, high in (
        kappa_interval(ratings, range(3)),
        alpha_interval(ratings, "nominal", range(3)),
        alpha_interval(ratings, "ordinal", range(3)),
    ):
        assert math.isnan(low) == math.isnan(high)
        assert math.isnan(low) or -1.0 - 1e-9 <= low <= high <= 1.0 + 1e-9
