"""Average linkage without a distance matrix, against the one with it."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.models.protocol import Floats
from duologue.users import linkage
from duologue.users.clustering import cluster
from duologue.users.linkage import link
from duologue.vectors import search
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


def shared_word(rows: int) -> Floats:
    """Any two rows are equally similar: they have one word of two in common."""
    vectors = np.zeros((rows, rows + 1), dtype=np.float32)
    vectors[:, 0] = vectors[np.arange(rows), np.arange(rows) + 1] = 2**-0.5
    return vectors


def almost_equal(rows: int) -> Floats:
    noise = np.random.default_rng(0).standard_normal((rows, 32)).astype(np.float32)
    return unit(np.ones((rows, 32), dtype=np.float32) + np.float32(1e-7) * noise)


@pytest.mark.parametrize("tail", [400, 0])
@pytest.mark.parametrize("vectors", [np.tile(blobs(1, 1), (400, 1)), almost_equal(400), shared_word(400)])
def test_equal_distances_take_few_rounds(vectors: Floats, tail: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []
    merge = linkage._Clusters.merge

    def counted(self: linkage._Clusters, distance: float) -> int:
        rounds.append(len(self))
        return merge(self, distance)

    monkeypatch.setattr(linkage._Clusters, "merge", counted)
    assert set(link(vectors, 0.65, tail=tail, per_list=32).tolist()) == {0}
    assert len(rounds) < 40


def test_copies_among_others_end_in_one_cluster() -> None:
    others = unit(np.random.default_rng(0).standard_normal((600, 64)).astype(np.float32))
    vectors = np.concatenate([np.tile(others[:1], (600, 1)), others[1:]])
    assert set(link(vectors, 0.3, tail=0, per_list=16)[:600].tolist()) == {0}


def test_memory_is_at_most_twice_that_of_the_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_CELLS", 20_000)
    monkeypatch.setattr(linkage, "_JOINED", 100)
    rng = np.random.default_rng(0)
    half = rng.standard_normal((2000, 256)).astype(np.float32)
    vectors = unit(np.concatenate([half, half + np.float32(0.01) * rng.standard_normal(half.shape).astype(np.float32)]))
    link(vectors[:100], 0.3)
    tracemalloc.start()
    try:
        link(vectors, 0.3)
        assert tracemalloc.get_traced_memory()[1] < 2 * vectors.nbytes
    finally:
        tracemalloc.stop()


def test_nothing_merges_beyond_the_distance() -> None:
    assert link(np.eye(20, dtype=np.float32), 0.9, tail=0, per_list=4).tolist() == list(range(20))
