"""The table of vectors that stages share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from duologue.models.protocol import Floats
from duologue.models.scripted import ScriptedEmbedder
from duologue.vectors import kept
from duologue.vectors.kept import KeptVectors


class Counted(ScriptedEmbedder):
    def __init__(self) -> None:
        self.asked: list[int] = []

    def embed(self, texts: Sequence[str]) -> Floats:
        self.asked.append(len(texts))
        return super().embed(texts)


@pytest.fixture
def inner(monkeypatch: pytest.MonkeyPatch) -> Counted:
    monkeypatch.setattr(kept, "MANY", 5)
    monkeypatch.setattr(kept, "CHUNK", 4)
    return Counted()


TEXTS = [f"I keep {n} owls in room {n * 7}" for n in range(14)]


def test_each_text_is_embedded_once_in_chunks(inner: Counted) -> None:
    table = KeptVectors(inner)
    first = table.embed(TEXTS[:9])
    assert inner.asked == [4, 4, 1]
    again = table.embed([*TEXTS[:11], TEXTS[0]])
    assert inner.asked == [4, 4, 1, 2]
    whole = ScriptedEmbedder().embed(TEXTS)
    np.testing.assert_array_equal(first, whole[:9])
    np.testing.assert_array_equal(again, whole[[*range(11), 0]])


def test_texts_in_their_order_share_the_table_and_can_not_be_written(inner: Counted) -> None:
    table = KeptVectors(inner)
    one, other = table.embed(TEXTS[:9]), table.embed(TEXTS[:9])
    assert np.shares_memory(one, other)
    with pytest.raises(ValueError, match="read-only"):
        one[0, 0] = 1.0
    np.testing.assert_array_equal(table.embed(TEXTS[8:2:-1]), ScriptedEmbedder().embed(TEXTS[8:2:-1]))


def test_few_texts_that_are_kept_come_from_the_table(inner: Counted) -> None:
    table = KeptVectors(inner)
    table.embed(TEXTS[:9])
    inner.asked.clear()
    np.testing.assert_array_equal(table.embed(TEXTS[7:4:-1]), ScriptedEmbedder().embed(TEXTS[7:4:-1]))
    assert inner.asked == []
    table.embed(TEXTS[8:11])
    assert inner.asked == [3]


def test_few_texts_are_left_to_the_embedder(inner: Counted) -> None:
    table = KeptVectors(inner)
    for _ in range(2):
        np.testing.assert_array_equal(table.embed(TEXTS[:3]), ScriptedEmbedder().embed(TEXTS[:3]))
    assert inner.asked == [3, 3]
    assert table.embed([]).shape == (0, 256)
    assert table.name == "scripted"
