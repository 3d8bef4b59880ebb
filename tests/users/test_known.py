"""Near-duplicates among few and many texts."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.users import known as module
from duologue.users.known import Known
from duologue.vectors.lists import unit


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> Known:
    """600 texts around 30 topics, looked up by lists."""
    monkeypatch.setattr(module, "EXACT", 50)
    rng = np.random.default_rng(0)
    topics = rng.standard_normal((30, 32))
    rows = unit((topics[np.arange(600) % 30] + 0.6 * rng.standard_normal((600, 32))).astype(np.float32))
    return Known([f"text {n}" for n in range(600)], rows)


def test_the_same_words_are_a_duplicate_whatever_the_vector(many: Known) -> None:
    assert many.duplicate("Text 7!", np.zeros(32, dtype=np.float32), 0.9) == "the same words as a known one"


def test_lists_find_the_near_duplicates_that_comparing_all_finds(many: Known) -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        row = int(rng.integers(0, 600))
        vector = unit(many.vectors[row][None] + 0.03 * rng.standard_normal((1, 32)).astype(np.float32))[0]
        reason = many.duplicate("another one", vector, 0.9)
        assert reason is not None
        assert reason.endswith(f"'text {row}'")


def test_a_new_text_is_known_at_once_and_far_ones_are_none(many: Known) -> None:
    vector = unit(np.random.default_rng(9).standard_normal((1, 32)).astype(np.float32))[0]
    assert many.duplicate("unheard of", vector, 0.9) is None
    many.add("unheard of", vector)
    assert len(many.vectors) == 601
    assert (many.duplicate("nearly unheard of", vector, 0.9) or "").startswith("similarity 1.00 to 'unheard of'")


def test_from_nothing() -> None:
    known = Known([], np.zeros((0, 3), dtype=np.float32))
    assert known.duplicate("one", np.array([1, 0, 0], dtype=np.float32), 0.9) is None
    for n in range(200):
        known.add(f"text {n}", unit(np.array([[n, 1, 0]], dtype=np.float32))[0])
    assert len(known.texts) == len(known.vectors) == 200
