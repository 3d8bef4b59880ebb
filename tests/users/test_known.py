"""Near-duplicates among few and many texts."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.models.protocol import Floats
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


def reason(known: Known, text: str, vector: Floats, most: float) -> str | None:
    """Why a wave of one text is refused."""
    return known.ahead(vector[None]).duplicate(0, text, most)


def test_the_same_words_are_a_duplicate_whatever_the_vector(many: Known) -> None:
    assert reason(many, "Text 7!", np.zeros(32, dtype=np.float32), 0.9) == "the same words as a known one"


def test_lists_find_the_near_duplicates_that_comparing_all_finds(many: Known) -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        row = int(rng.integers(0, 600))
        vector = unit(many.vectors[row][None] + 0.03 * rng.standard_normal((1, 32)).astype(np.float32))[0]
        assert (reason(many, "another one", vector, 0.9) or "").endswith(f"'text {row}'")


def test_a_new_text_is_known_at_once_and_far_ones_are_none(many: Known) -> None:
    vector = unit(np.random.default_rng(9).standard_normal((1, 32)).astype(np.float32))[0]
    assert reason(many, "unheard of", vector, 0.9) is None
    many.add("unheard of", vector)
    assert len(many.vectors) == 601
    assert (reason(many, "nearly unheard of", vector, 0.9) or "").startswith("similarity 1.00 to 'unheard of'")


def test_from_nothing() -> None:
    known = Known([], np.zeros((0, 3), dtype=np.float32))
    assert reason(known, "one", np.array([1, 0, 0], dtype=np.float32), 0.9) is None
    for n in range(200):
        known.add(f"text {n}", unit(np.array([[n, 1, 0]], dtype=np.float32))[0])
    assert len(known.texts) == len(known.vectors) == 200


def one_by_one(rows: Floats, held: int, most: float) -> list[int | None]:
    """For each row after the first ``held``: the most similar one known before it, where that is more than ``most``."""
    known = list(range(held))
    found: list[int | None] = []
    for row in range(held, len(rows)):
        similar = rows[known] @ rows[row]
        best = int(similar.argmax())
        found.append(known[best] if similar[best] > most else None)
        if found[-1] is None:
            known.append(row)
    return found


@pytest.mark.parametrize("exact", [1_000, 50])
def test_waves_find_what_one_after_the_other_does(exact: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXACT", exact)
    monkeypatch.setattr(module, "_BLOCK", 32)
    rng = np.random.default_rng(3)
    rows = unit(rng.standard_normal((300, 24)).astype(np.float32))
    copies = rng.integers(0, 300, 150)
    near = unit(rows[copies] + 0.05 * rng.standard_normal((150, 24)).astype(np.float32))
    # In the last waves copies of what the same wave has, and of what was known.
    rows = np.concatenate([rows, near])[np.r_[:100, rng.permutation(np.arange(100, 450))]]
    known = Known([f"text {row}" for row in range(100)], rows[:100])
    found: list[str | None] = []
    for start in range(100, 450, 100):
        wave = rows[start : start + 100]
        ahead = known.ahead(wave)
        for number in range(len(wave)):
            said = ahead.duplicate(number, f"text {start + number}", 0.9)
            if said is None:
                ahead.keep(number, f"text {start + number}")
            found.append(said and said.rsplit("'", 2)[1])
    expected = one_by_one(rows, 100, 0.9)
    assert 100 < sum(name is not None for name in expected) < 200
    same = [name == (None if row is None else f"text {row}") for name, row in zip(found, expected, strict=True)]
    assert np.mean(same) == 1.0 if exact > 450 else np.mean(same) > 0.97
    assert len(known.texts) == len(known.vectors) == 100 + found.count(None)


def test_a_wave_of_nothing() -> None:
    known = Known(["one"], np.ones((1, 3), dtype=np.float32))
    for shape in ((0, 3), (0, 0)):
        known.ahead(np.zeros(shape, dtype=np.float32))
        assert known.nearest(np.zeros(shape, dtype=np.float32)).rows.shape == (0, 1)
    assert known.texts == ["one"]
