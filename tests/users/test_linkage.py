"""Average linkage without a distance matrix, against the one with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.models.protocol import Floats
from duologue.users.clustering import cluster
from duologue.users.linkage import link
from duologue.vectors.lists import unit


def blobs(rows: int, seed: int, centres: int = 12, spread: float = 0.8, dimensions: int = 16) -> Floats:
    rng = np.random.default_rng(seed)
    middle = rng.standard_normal((centres, dimensions))
    return unit(
        (middle[rng.integers(0, centres, rows)] + spread * rng.standard_normal((rows, dimensions))).astype(np.float32)
    )


def agree(one: list[int], other: list[int]) -> float:
    """Share of row pairs that both put together, among those that either does."""
    a, b = np.array(one), np.array(other)
    together = np.triu(a[:, None] == a[None, :], 1), np.triu(b[:, None] == b[None, :], 1)
    return float((together[0] & together[1]).sum() / max(1, (together[0] | together[1]).sum()))


@given(rows=st.integers(0, 60), seed=st.integers(0, 500), distance=st.floats(0.05, 1.5))
def test_without_lists_it_is_agglomerative_clustering(rows: int, seed: int, distance: float) -> None:
    vectors = blobs(rows, seed)
    exact = cluster(vectors, distance, "exact").tolist()
    owners = link(vectors, distance, tail=rows).tolist()
    numbers = {owner: n for n, owner in enumerate(dict.fromkeys(owners))}
    assert [numbers[owner] for owner in owners] == exact


def test_an_owner_is_the_first_row_of_its_cluster() -> None:
    owners = link(blobs(300, 1), 0.5, tail=300)
    for owner in np.unique(owners):
        assert np.flatnonzero(owners == owner)[0] == owner


def test_with_lists_it_comes_near() -> None:
    vectors = blobs(1200, 2, centres=60)
    exact = cluster(vectors, 0.5, "exact").tolist()
    assert agree(exact, link(vectors, 0.5, tail=120, per_list=16, probes=8).tolist()) > 0.85
    assert agree(exact, link(vectors, 0.5, tail=0, per_list=16, probes=1).tolist()) > 0.3


def test_same_seed_same_clusters() -> None:
    vectors = blobs(800, 3, centres=30)
    first = link(vectors, 0.5, seed=1, tail=50, per_list=16, probes=3)
    assert (link(vectors, 0.5, seed=1, tail=50, per_list=16, probes=3) == first).all()


@pytest.mark.parametrize("rows", [2, 7, 64])
def test_equal_vectors_end_in_one_cluster(rows: int) -> None:
    vectors = np.tile(unit(np.ones((1, 8), dtype=np.float32)), (rows, 1))
    assert set(link(vectors, 0.1, tail=rows).tolist()) == {0}
    assert set(link(vectors, 0.1, tail=0, per_list=16).tolist()) == {0}


def test_nothing_merges_beyond_the_distance() -> None:
    assert link(np.eye(20, dtype=np.float32), 0.9, tail=0, per_list=4).tolist() == list(range(20))
