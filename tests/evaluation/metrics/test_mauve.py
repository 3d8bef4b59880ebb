"""MAUVE beside its definition."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import beta

from duologue.evaluation import Options, evaluate
from duologue.evaluation.metrics.mauve import histogram, mauve, quantise

Write = Callable[[Path, Sequence[Any]], Path]
SHARES = st.lists(st.integers(0, 9), min_size=5, max_size=5).filter(any)


def shares(counts: Sequence[int]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(counts, dtype=np.float64) / sum(counts)


def by_definition(p: Sequence[float], q: Sequence[float], scale: float) -> float:
    """The area as an integral over the mixtures' weight, each divergence written out."""

    def divergence(a: Sequence[float], r: Sequence[float]) -> float:
        return sum(x * math.log(x / y) for x, y in zip(a, r, strict=True) if x)

    def point(weight: float) -> tuple[float, float]:
        mixed = [weight * a + (1 - weight) * b for a, b in zip(p, q, strict=True)]
        return math.exp(-scale * divergence(q, mixed)), math.exp(-scale * divergence(p, mixed))

    def strip(weight: float) -> float:
        step = 1e-6
        return point(weight)[1] * (point(weight - step)[0] - point(weight + step)[0]) / (2 * step)

    # At weight 1 the mixture is p: the curve's leftmost point has height 1, and from there it runs level to the axis.
    leftmost = math.exp(-scale * divergence(q, p))
    return float(quad(strip, 2e-6, 1 - 2e-6, limit=400)[0]) + leftmost


@pytest.mark.parametrize(
    ("p", "q"), [((0.5, 0.5), (0.4, 0.6)), ((0.7, 0.2, 0.1), (0.1, 0.3, 0.6)), ((0.25,) * 4, (0.1, 0.2, 0.3, 0.4))]
)
@pytest.mark.parametrize("scale", [1.0, 5.0])
def test_the_area_is_that_of_the_definition(p: tuple[float, ...], q: tuple[float, ...], scale: float) -> None:
    assert mauve(np.array(p), np.array(q), scale) == pytest.approx(by_definition(p, q, scale), abs=1e-3)


# Of mauve-text 0.4.0 (numpy 2.4.6, scikit-learn): get_divergence_curve_for_multinomials with scaling 5, and the mean of both
# areas as compute_mauve takes it, with a discretization of 2000; its default of 25 is up to 0.0006 off.
AUTHORS = (
    ((0.5, 0.5), (0.4, 0.6), 0.99835982),
    ((0.7, 0.2, 0.1), (0.1, 0.3, 0.6), 0.26246211),
    ((0.25, 0.25, 0.25, 0.25), (0.1, 0.2, 0.3, 0.4), 0.95800795),
    ((0.6, 0.4, 0.0), (0.0, 0.3, 0.7), 0.03555656),
)


@pytest.mark.parametrize(("p", "q", "value"), AUTHORS)
def test_it_is_that_of_the_authors_package(p: tuple[float, ...], q: tuple[float, ...], value: float) -> None:
    assert mauve(np.array(p), np.array(q)) == pytest.approx(value, abs=1e-4)


def test_it_is_one_for_the_same_and_known_for_disjoint_ones() -> None:
    same = np.array([0.2, 0.3, 0.5])
    assert mauve(same, same) == pytest.approx(1.0)
    # For disjoint ones KL to the mixture is -log of its weight, and the area is c B(c + 1, c).
    for scale in (1.0, 2.0, 5.0):
        apart = mauve(np.array([0.6, 0.4, 0.0]), np.array([0.0, 0.0, 1.0]), scale)
        assert apart == pytest.approx(scale * beta(scale + 1, scale), abs=1e-3)


@given(SHARES, SHARES)
def test_it_is_symmetric_and_in_its_range(one: list[int], other: list[int]) -> None:
    p, q = shares(one), shares(other)
    assert 0.0 <= mauve(p, q) <= 1.0 + 1e-9
    assert mauve(p, q) == pytest.approx(mauve(q, p), abs=1e-6)


def test_buckets_tell_two_clouds_apart() -> None:
    generator = np.random.default_rng(0)
    one, other = generator.normal(0, 1, (300, 16)), generator.normal(1.5, 1, (300, 16))
    labels, buckets = quantise(np.concatenate([one, other]), 300)
    assert buckets == 30
    assert mauve(histogram(labels[:300], buckets), histogram(labels[300:], buckets)) < 0.02
    assert mauve(histogram(labels[:150], buckets), histogram(labels[150:300], buckets)) > 0.5


def test_the_reference_itself_has_one(
    clean_rows: Callable[..., list[Any]], write_rows: Write, scripted_options: Callable[..., Options], tmp_path: Path
) -> None:
    rows = clean_rows(120)
    one, other = write_rows(tmp_path / "one.jsonl", rows[:60]), write_rows(tmp_path / "other.jsonl", rows[60:])
    report = evaluate(one, [other], scripted_options(groups=("likeness",), reference=one))
    mine, theirs = (data.figures["mauve"] for data in report.data_sets)
    assert mine.value == pytest.approx(1.0)
    assert theirs.value < 1.0
    assert theirs.low < theirs.value < theirs.high
    alone = evaluate(one, options=scripted_options(groups=("likeness",)))
    assert "mauve" in alone.data_sets[0].absent
