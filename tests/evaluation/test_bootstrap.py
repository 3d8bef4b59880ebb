"""Tests of intervals and differences against theory and scipy."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from duologue.evaluation.bootstrap import Estimate, Sums, difference, holm, interval, weights
from duologue.evaluation.sample import Sample, estimate, until


def _share(hits: int, of: int, *, seed: int = 0, prefix: str = "c") -> Estimate:
    sums = Sums(["x"], seed)
    for i in range(of):
        sums.add(f"{prefix}{i}".encode(), [(float(i < hits), 1.0)])
    found = sums.estimates([(0.0, 1.0)])["x"]
    assert found is not None
    return found


def test_interval_of_a_share_is_near_the_binomial_one() -> None:
    found = _share(120, 400)
    error = 1.96 * math.sqrt(0.3 * 0.7 / 400)
    assert found.value == 0.3
    assert (found.count, found.of, found.n) == (120.0, 400.0, 400)
    assert found.low == pytest.approx(0.3 - error, abs=0.008)
    assert found.high == pytest.approx(0.3 + error, abs=0.008)


def test_nothing_found_still_has_an_upper_bound() -> None:
    found = _share(0, 100)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(0.037, abs=0.001)
    assert _share(100, 100).low == pytest.approx(0.963, abs=0.001)


def test_order_makes_no_difference_and_seed_does() -> None:
    rows = [(f"c{i}".encode(), (float(i % 3), float(1 + i % 5))) for i in range(300)]
    shuffled = list(rows)
    random.Random(1).shuffle(shuffled)
    found = []
    for order, seed in ((rows, 0), (shuffled, 0), (rows, 1)):
        sums = Sums(["x"], seed)
        for cluster, ratio in order:
            sums.add(cluster, [ratio])
        made = sums.estimates([(0.0, math.inf)])["x"]
        assert made is not None
        found.append((made.value, made.low, made.high))
    assert found[0] == pytest.approx(found[1], abs=1e-9)
    assert found[0][0] == found[2][0]
    assert found[0] != found[2]


def test_what_does_not_apply_is_left_out() -> None:
    sums = Sums(["x", "y"], 0)
    sums.add(b"a", [None, (1.0, 2.0)])
    found = sums.estimates([(0.0, 1.0)] * 2)
    assert found["x"] is None
    assert found["y"] is not None
    assert found["y"].value == 0.5


def test_a_difference_is_tested_paired_where_clusters_are_shared() -> None:
    # The same pairs of users: what varies between pairs cancels out.
    stream = random.Random(0)
    base = [stream.random() for _ in range(300)]
    made = {}
    for name, prefix, shift in (("one", "c", 0.0), ("other", "c", 0.02), ("apart", "z", 0.02)):
        sums = Sums(["x"], 0)
        for i, value in enumerate(base):
            sums.add(f"{prefix}{i}".encode(), [(value + shift, 1.0)])
        found = sums.estimates([(0.0, math.inf)])["x"]
        assert found is not None
        made[name] = found
    paired, apart = (difference(made["other"], made[name]) for name in ("one", "apart"))
    assert paired is not None
    assert paired[0] == pytest.approx(0.02)
    assert paired[3] < 1e-6
    unpaired = difference(made["apart"], made["one"])
    assert unpaired is not None
    assert unpaired[3] > 0.05
    assert apart is not None
    assert apart[0] == pytest.approx(0.0)


def test_equal_data_do_not_differ() -> None:
    one = _share(0, 50)
    gap = difference(one, _share(0, 70, prefix="z"))
    assert gap is not None
    assert (gap[0], gap[3]) == (0.0, 1.0)
    assert -0.1 < gap[1] < -0.05 < 0.05 < gap[2] < 0.12
    assert difference(one, _share(0, 50)) == (0.0, 0.0, 0.0, 1.0)
    assert difference(one, Estimate(0.5, 0.5, 0.5, 3)) is None


def test_few_clusters_give_no_interval_and_no_test() -> None:
    many = _share(50, 1000, prefix="z")
    few = _share(0, 3)
    assert (few.value, few.low, few.high, few.replicates, few.clusters) == (0.0, 0.0, 0.0, None, 3)
    assert difference(few, many) is None
    # Five hundred conversations of one pair of users.
    sums = Sums(["x"], 0)
    for i in range(500):
        sums.add(b"same", [(float(i % 2), 1.0)])
    one = sums.estimates([(0.0, 1.0)])["x"]
    assert one is not None
    assert (one.n, one.clusters, one.replicates) == (500, 1, None)
    assert many.clusters == pytest.approx(1000, rel=0.01)


def test_none_found_is_tested_by_wilson() -> None:
    # Fisher's exact test of 0 of 12 and 50 of 1,000 gives 1, of 0 of 100 and 50 of 1,000 0.011.
    many = _share(50, 1000, prefix="z")
    found = {}
    for n in (12, 100):
        gap = difference(_share(0, n), many)
        assert gap is not None
        found[n] = gap[3]
    assert found[12] > 0.5
    assert 0.003 < found[100] < 0.05
    whole = difference(_share(12, 12), _share(0, 12, prefix="z"))
    assert whole is not None
    assert whole[3] < 1e-4


def test_nothing_found_in_100_utterances_has_an_upper_bound() -> None:
    sums = Sums(["x"], 0)
    for i in range(100):
        sums.add(f"c{i}".encode(), [(0.0, 10.0)])
    found = sums.estimates([(0.0, 100.0)])["x"]
    assert found is not None
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(0.38, abs=0.01)


def test_p_values_are_even_where_nothing_differs() -> None:
    found = []
    for trial in range(60):
        stream = np.random.default_rng(trial)
        both = [_values(stream.random(80).tolist(), f"{trial}{side}") for side in "ab"]
        gap = difference(*both)
        assert gap is not None
        found.append(gap[3])
    assert sum(p < 0.05 for p in found) <= 8
    assert 0.35 < float(np.mean(found)) < 0.65


def _values(values: list[float], prefix: str) -> Estimate:
    sums = Sums(["x"], 0, 400)
    for i, value in enumerate(values):
        sums.add(f"{prefix}{i}".encode(), [(value, 1.0)])
    made = sums.estimates([(0.0, math.inf)])["x"]
    assert made is not None
    return made


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_weights_are_poisson_and_fixed() -> None:
    assert weights(b"a", 0, 50).tolist() == weights(b"a", 0, 50).tolist()
    assert weights(b"a", 0, 50).tolist() != weights(b"a", 1, 50).tolist()
    drawn = np.concatenate([weights(f"{i}".encode(), 0, 200) for i in range(50)])
    assert float(drawn.mean()) == pytest.approx(1.0, abs=0.04)
    assert float(drawn.var()) == pytest.approx(1.0, abs=0.06)


def test_a_sample_does_not_depend_on_order() -> None:
    items = [f"k{i}" for i in range(500)]
    found = []
    for order in (items, items[::-1]):
        sample: Sample[str] = Sample(20, 3)
        for item in order:
            sample.offer(item.encode(), item)
        found.append(sample.items())
    assert found[0] == found[1]
    smaller: Sample[str] = Sample(5, 3)
    for item in items:
        smaller.offer(item.encode(), item)
    assert smaller.items() == found[0][:5]
    assert smaller.seen == 500


def _key(value: float) -> bytes:
    return str(value).encode()


def test_halves_draw_clusters_and_are_paired() -> None:
    stream = np.random.default_rng(1)
    pairs = stream.normal(0.0, 2.0, 50)
    # Eight conversations of each of 50 pairs of users; the other data set is of the same pairs, a little higher.
    one = [(f"p{i % 50}", float(pairs[i % 50] + stream.normal(0, 0.2))) for i in range(400)]
    other = [(name, value + 0.1 + float(stream.normal(0, 0.2))) for name, value in one]
    made = [
        estimate(
            lambda items: float(np.mean([v for _, v in items])),
            held,
            cluster=lambda item: item[0].encode(),
            seed=0,
            salt="x",
            halves=100,
        )
        for held in (one, other)
    ]
    assert made[0] is not None
    assert made[1] is not None
    assert made[0].clusters == 50
    assert (made[0].high - made[0].low) / 2 == pytest.approx(1.96 * float(np.std(pairs)) / 50**0.5, rel=0.3)
    gap = difference(made[1], made[0])
    assert gap is not None
    assert gap[2] - gap[1] < 0.15
    assert gap[3] < 0.01
    few = estimate(lambda items: 1.0, one, cluster=lambda item: item[0][:1].encode(), seed=0, salt="x")
    assert few is not None
    assert few.replicates is None


def test_halves_of_what_is_read_cover_the_truth() -> None:
    # The figure reads the first 250 of 2,000: 95 % intervals of its mean cover 0 in about 95 % of cases.
    covered = 0
    for trial in range(100):
        values = np.random.default_rng(trial).normal(size=2000).tolist()
        read = until(values, 250, lambda value: 1)
        assert len(read) == 250
        found = estimate(lambda items: float(np.mean(items)), read, cluster=_key, seed=trial, salt="x")
        assert found is not None
        assert found.n == 250
        covered += found.low <= 0.0 <= found.high
    assert covered >= 88


def test_interval_from_halves_is_near_that_of_a_mean() -> None:
    values = np.random.default_rng(0).normal(5.0, 2.0, 400).tolist()
    found = estimate(lambda items: float(np.mean(items)), values, cluster=_key, seed=0, salt="x", halves=200)
    assert found is not None
    error = 1.96 * float(np.std(values)) / 20
    assert found.high - found.value == pytest.approx(error, rel=0.25)
    assert found.value - found.low == pytest.approx(error, rel=0.25)
    again = estimate(lambda items: float(np.mean(items)), values, cluster=_key, seed=0, salt="x", halves=200)
    other = estimate(lambda items: float(np.mean(items)), values, cluster=_key, seed=0, salt="y", halves=200)
    assert again is not None
    assert other is not None
    assert (again.low, again.high) == (found.low, found.high) != (other.low, other.high)


def test_no_figure_and_no_interval() -> None:
    assert estimate(lambda items: None, [1.0], cluster=_key, seed=0, salt="x") is None
    few = estimate(lambda items: 1.0, [1.0, 2.0], cluster=_key, seed=0, salt="x")
    assert few is not None
    assert few.replicates is None
    assert interval(np.array([1.0, 1.0])) == (1.0, 1.0)
