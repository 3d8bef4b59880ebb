"""Search by comparing all and by lists, against plain sorting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.models.protocol import Floats
from duologue.vectors import lists, search
from duologue.vectors.lists import Centres, lists_of, neighbours, unit
from duologue.vectors.search import Grouped, among_all, among_probed


def clustered(rows: int, seed: int, dimensions: int = 8, centres: int = 9) -> Floats:
    rng = np.random.default_rng(seed)
    middle = rng.standard_normal((centres, dimensions))
    return unit(
        (middle[rng.integers(0, centres, rows)] + 0.4 * rng.standard_normal((rows, dimensions))).astype(np.float32)
    )


def best(queries: Floats, vectors: Floats, k: int, themselves: bool) -> list[list[float]]:
    similar = queries @ vectors.T
    if themselves:
        np.fill_diagonal(similar, -np.inf)
    return [sorted(line, reverse=True)[:k] for line in similar.tolist()]


@given(rows=st.integers(1, 40), queries=st.integers(0, 10), k=st.integers(1, 6), seed=st.integers(0, 99))
def test_among_all_finds_the_most_similar(rows: int, queries: int, k: int, seed: int) -> None:
    vectors, asked = clustered(rows, seed), clustered(queries, seed + 1)
    found = among_all(asked, vectors, min(k, rows))
    np.testing.assert_allclose(
        found.similarity, np.reshape(best(asked, vectors, min(k, rows), False), found.similarity.shape), atol=1e-5
    )
    for query, line, similarity in zip(asked, found.rows, found.similarity, strict=True):
        assert len(set(line.tolist())) == len(line)
        np.testing.assert_allclose(vectors[line] @ query, similarity, atol=1e-5)


@given(rows=st.integers(2, 40), k=st.integers(1, 4), seed=st.integers(0, 99))
def test_a_row_is_not_its_own_neighbour(rows: int, k: int, seed: int) -> None:
    vectors = clustered(rows, seed)
    found = among_all(vectors, vectors, k, np.arange(rows))
    assert (found.rows != np.arange(rows)[:, None]).all()
    assert ((found.rows == -1) == (found.similarity == -np.inf)).all()
    assert (found.rows >= 0).sum() == rows * min(k, rows - 1)


@given(rows=st.integers(2, 60), seed=st.integers(0, 99), k=st.integers(1, 5), number=st.integers(1, 7))
def test_visiting_every_list_is_comparing_all(rows: int, seed: int, k: int, number: int) -> None:
    vectors = clustered(rows, seed)
    home = np.random.default_rng(seed).integers(0, number, rows)
    probed = np.tile(np.arange(number), (rows, 1))
    whole = among_all(vectors, vectors, k, np.arange(rows))
    listed = among_probed(vectors, probed, vectors, Grouped.of(home, number), k, np.arange(rows))
    np.testing.assert_allclose(listed.similarity, whole.similarity, atol=1e-5)


def test_blocks_do_not_change_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = clustered(200, 3)
    whole = among_all(vectors, vectors, 5, np.arange(200))
    monkeypatch.setattr(search, "_CELLS", 700)
    parts = among_all(vectors, vectors, 5, np.arange(200))
    assert (whole.rows == parts.rows).mean() > 0.99


def test_a_list_that_is_not_there_is_skipped() -> None:
    vectors = clustered(20, 0)
    grouped = Grouped.of(np.zeros(20, dtype=np.int64), 1)
    assert (among_probed(vectors, np.full((20, 2), -1), vectors, grouped, 1).rows == -1).all()


def test_grouped_holds_each_row_once() -> None:
    grouped = Grouped.of(np.array([2, 0, 2, 3, 0]), 5)
    assert [grouped.rows(number).tolist() for number in range(5)] == [[1, 4], [], [0, 2], [3], []]


def recall(vectors: Floats, k: int, **how: int) -> float:
    exact = among_all(vectors, vectors, k, np.arange(len(vectors))).rows
    found = neighbours(vectors, k, seed=0, **how).rows
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(exact.tolist(), found.tolist(), strict=True)]))


def test_lists_find_most_neighbours_and_more_lists_more() -> None:
    vectors = clustered(1500, 1, dimensions=24, centres=40)
    few, many = recall(vectors, 5, per_list=16, probes=2), recall(vectors, 5, per_list=16, probes=16)
    assert 0.4 < few < many
    assert many > 0.95


def test_same_seed_same_neighbours() -> None:
    vectors = clustered(600, 2)
    one, other = (neighbours(vectors, 3, seed=7, per_list=16, probes=3) for _ in range(2))
    assert (one.rows == other.rows).all()
    assert (one.similarity == other.similarity).all()


def test_many_centres_are_searched_by_lists_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = clustered(3000, 4, dimensions=16, centres=60)
    flat = Centres(vectors, 200, seed=1)
    monkeypatch.setattr(lists, "_FLAT", 50)
    deep = Centres(vectors, 200, seed=1)
    np.testing.assert_allclose(deep.vectors, flat.vectors, atol=1e-5)
    agree = deep.nearest(vectors, 4)[:, 0] == flat.nearest(vectors, 4)[:, 0]
    assert agree.mean() > 0.95
    assert (deep.nearest(vectors, 4)[:, 0] >= 0).all()


@given(n=st.integers(1, 40), count=st.integers(1, 12))
def test_centres_are_of_unit_length_and_every_vector_has_one(n: int, count: int) -> None:
    vectors = clustered(n, 5)
    centres = Centres(vectors, min(n, count), seed=0)
    np.testing.assert_allclose(np.linalg.norm(centres.vectors, axis=1), 1.0, atol=1e-5)
    assert ((centres.nearest(vectors, 1) >= 0) & (centres.nearest(vectors, 1) < len(centres))).all()


def test_lists_hold_a_fixed_number_of_rows() -> None:
    assert [lists_of(n) for n in (0, 10, 2560, 1_000_000)] == [1, 1, 10, 3906]


def test_unit_leaves_zeros() -> None:
    assert unit(np.array([[0.0, 0.0], [3.0, 4.0]], dtype=np.float32)).tolist() == [
        [0.0, 0.0],
        pytest.approx([0.6, 0.8]),
    ]


def test_ties_are_spread_over_all_that_are_equally_similar() -> None:
    vectors = np.tile(np.eye(4, dtype=np.float32)[:1], (50, 1))
    rows = np.arange(50)
    assert set(among_all(vectors, vectors, 1, rows).rows[:, 0].tolist()) == {0, 1}
    grouped = Grouped.of(rows % 2, 2)
    probed = np.tile(np.arange(2), (50, 1))
    spread = among_all(vectors, vectors, 1, rows, spread=True)
    assert len(set(spread.rows[:, 0].tolist())) > 15
    assert (spread.rows[:, 0] != rows).all()
    listed = among_probed(vectors, probed, vectors, grouped, 1, rows, spread=True)
    assert (listed.rows == spread.rows).all()


def test_without_ties_spreading_changes_nothing() -> None:
    vectors = np.random.default_rng(0).standard_normal((60, 8)).astype(np.float32)
    rows = np.arange(60)
    assert (among_all(vectors, vectors, 1, rows).rows == among_all(vectors, vectors, 1, rows, spread=True).rows).all()
