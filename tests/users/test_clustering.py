"""Clustering against a plain average-linkage implementation, and joining of new rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.models.protocol import Floats
from duologue.users import clustering
from duologue.users.clustering import assign, cluster, groups


def unit(rows: int, seed: int, dimensions: int = 5) -> Floats:
    vectors = np.random.default_rng(seed).standard_normal((rows, dimensions)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def plain(vectors: Floats, distance: float) -> list[set[int]]:
    """Average linkage by the definition, cubic time."""
    apart = 1.0 - vectors.astype(np.float64) @ vectors.astype(np.float64).T
    clusters = [{i} for i in range(len(vectors))]
    while len(clusters) > 1:
        best = min(
            (float(np.mean([apart[i, j] for i in a for j in b])), x, y)
            for x, a in enumerate(clusters)
            for y, b in enumerate(clusters)
            if x < y
        )
        if best[0] > distance:
            break
        _, x, y = best
        clusters[x] |= clusters.pop(y)
    return clusters


@settings(deadline=None, max_examples=40)
@given(rows=st.integers(0, 14), seed=st.integers(0, 500), distance=st.floats(0.05, 1.5))
def test_agrees_with_the_definition(rows: int, seed: int, distance: float) -> None:
    vectors = unit(rows, seed)
    found = {frozenset(g) for g in groups(cluster(vectors, distance))}
    assert found == {frozenset(c) for c in plain(vectors, distance)}


def test_blocks_do_not_change_the_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit(50, 3)
    whole = cluster(vectors, 0.6)
    monkeypatch.setattr(clustering, "_BLOCK", 7)
    assert cluster(vectors, 0.6).tolist() == whole.tolist()


def test_labels_are_numbered_by_first_member() -> None:
    labels = cluster(unit(40, 1), 0.5).tolist()
    firsts = list(dict.fromkeys(labels))
    assert firsts == list(range(len(firsts)))
    assert len(firsts) > 2


@pytest.mark.parametrize(("rows", "expected"), [(0, []), (1, [0])])
def test_few_rows(rows: int, expected: list[int]) -> None:
    assert cluster(unit(rows, 0), 0.5).tolist() == expected


def test_two_rows_merge_by_distance() -> None:
    pair = np.array([[1, 0], [0.6, 0.8]], dtype=np.float32)
    assert cluster(pair, 0.41).tolist() == [0, 0]
    assert cluster(pair, 0.39).tolist() == [0, 1]


def test_above_the_limit_auto_is_approximate_and_exact_stays_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit(300, 4, dimensions=12)
    matrix = cluster(vectors, 0.7, "exact").tolist()
    assert cluster(vectors, 0.7).tolist() == matrix
    monkeypatch.setattr(clustering, "MAX_ROWS", 100)
    assert cluster(vectors, 0.7, "exact").tolist() == matrix
    near = cluster(vectors, 0.7).tolist()
    assert near == cluster(vectors, 0.7, "approximate").tolist()
    assert list(dict.fromkeys(near)) == list(range(max(near) + 1))


def test_many_new_rows_join_as_few_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where clusters lie far apart, blocks make no difference."""
    rng = np.random.default_rng(0)
    rows = np.eye(12, dtype=np.float32)[rng.integers(0, 12, 90)] + 0.05 * rng.standard_normal((90, 12)).astype(
        np.float32
    )
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    labels = cluster(rows[:20], 0.3)
    one_by_one = assign(rows[20:], rows[:20], labels, 0.3).tolist()
    monkeypatch.setattr(clustering, "MAX_ROWS", 10)
    monkeypatch.setattr(clustering, "_JOINING", 13)
    assert assign(rows[20:], rows[:20], labels, 0.3).tolist() == one_by_one
    assert len(set(one_by_one) | set(labels.tolist())) == 12
    assert assign(rows[20:], rows[:0], labels[:0], 0.3).tolist() == cluster(rows[20:], 0.3, "exact").tolist()


def test_new_rows_join_or_found_a_cluster() -> None:
    members = np.array([[1, 0, 0], [0.96, 0.28, 0], [0, 1, 0]], dtype=np.float32)
    new = np.array([[0.99, 0.14, 0], [0, 0, 1], [0, 0.14, 0.99]], dtype=np.float32)
    assert assign(new, members, np.array([0, 0, 1]), 0.3).tolist() == [0, 2, 2]
    assert assign(new[:0], members, np.array([0, 0, 1]), 0.3).tolist() == []
    assert assign(new, members[:0], np.zeros(0, dtype=np.int64), 0.3).tolist() == [0, 1, 1]
