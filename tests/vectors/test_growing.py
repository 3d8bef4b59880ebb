"""Lists over rows that become more."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.vectors.growing import GrowingLists
from duologue.vectors.lists import unit


def test_finds_the_nearest_while_rows_come() -> None:
    rng = np.random.default_rng(0)
    vectors = unit(rng.standard_normal((3000, 12)).astype(np.float32))
    lists = GrowingLists(probes=6)
    hits = 0
    for n in range(1000, 3000, 20):
        asked = unit(vectors[rng.integers(0, n)][None] + 0.05 * rng.standard_normal((1, 12)).astype(np.float32))[0]
        found = lists.nearest(vectors[:n], asked[None])
        row, similarity = int(found.rows[0, 0]), float(found.similarity[0, 0])
        assert similarity == pytest.approx(float(vectors[row] @ asked), abs=1e-5)
        hits += row == int(np.argmax(vectors[:n] @ asked))
    assert hits >= 95


def test_a_row_just_added_is_found() -> None:
    vectors = np.eye(40, dtype=np.float32)
    lists = GrowingLists(probes=40)
    for n in (20, 21, 39, 40):
        found = lists.nearest(vectors[:n], vectors[n - 2 : n])
        assert found.rows[:, 0].tolist() == [n - 2, n - 1]
        assert found.similarity[:, 0] == pytest.approx(1.0)
