"""What the bench of many users hands out for a text is that text's own vector."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).parents[2] / "bench"


def test_a_table_answers_in_the_order_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    make_table = importlib.import_module("users_scale").Table

    texts = [f"text {n}" for n in range(6)]
    vectors = np.eye(6, dtype=np.float32)
    table = make_table(texts, vectors)
    assert table.embed(texts) is vectors
    assert (table.embed(texts[::-1]) == vectors[::-1]).all()
    assert (table.embed(texts[2:4]) == vectors[2:4]).all()
