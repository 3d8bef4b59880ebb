"""The bench of many users: a text gets its own vector, measures are kept as they come, tables are those of the measures."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    monkeypatch.syspath_prepend(str(BENCH))
    return {name: importlib.import_module(f"scale_{name}") for name in ("book", "vectors", "stages", "input")}


def test_a_table_answers_in_the_order_asked_for(bench: dict[str, ModuleType]) -> None:
    texts = [f"text {n}" for n in range(6)]
    vectors = np.eye(6, dtype=np.float32)
    table = bench["vectors"].Table(texts, vectors)
    assert table.embed(texts) is vectors
    assert (table.embed(texts[::-1]) == vectors[::-1]).all()
    assert (table.embed(texts[2:4]) == vectors[2:4]).all()


def test_measures_are_there_after_any_end(bench: dict[str, ModuleType], tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    make = bench["book"].Book
    book = make(path)
    line = {"what": "run", "input": "plain", "size": 10, "name": "clustering", "seconds": 1.5}
    book.add(line)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"what": "run", "inp')
    again = make(path)
    assert again.find(what="run", size=10, name="clustering") == line
    assert again.find(what="run", size=10, name="joining") is None
    again.add({**line, "name": "joining"})
    assert [one["name"] for one in make(path).lines] == ["clustering", "joining"]


def test_each_unit_has_its_own_growth(bench: dict[str, ModuleType]) -> None:
    lines = [
        {"name": "clustering", "size": size, "seconds": size / 100, "CPU seconds": size * size / 10_000}
        for size in (100, 1000)
    ]
    assert bench["book"].growth(lines, "seconds")[-1] == "| clustering | 1 | 10 | 1.00 |"
    assert bench["book"].growth(lines, "CPU seconds")[-1] == "| clustering | 1 | 100 | 2.00 |"


def test_every_tenth_is_a_copy(bench: dict[str, ModuleType]) -> None:
    texts = [f"i {verb} thing {n}" for n in range(200) for verb in ("like", "have")]
    rows, ways, out = bench["input"].copied(texts)
    assert len(out) == len(texts)
    assert bench["input"].copied(texts[:200]) == (rows[:200], ways[:200], out[:200])
    first: set[str] = set()
    for place, text in enumerate(out):
        assert (text in first) == (place % 10 == 9 and ways[place] is None)
        first.add(text)
        if ways[place] is None:
            assert text == texts[rows[place]]
        else:
            _, old, new = ways[place]
            assert text == texts[rows[place]].replace(old, new, 1)
    assert 18 <= sum(way is not None for way in ways) <= 20


def test_stages_use_what_earlier_ones_left(
    bench: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"i keep {n} things" for n in range(60)] * 2
    rng = np.random.default_rng(0)
    vectors = np.tile(rng.standard_normal((60, 384), dtype=np.float32), (2, 1))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    (tmp_path / "copies-120.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    np.save(tmp_path / "copies-120.npy", vectors)
    inputs = bench["vectors"].Inputs(tmp_path / "none", tmp_path, "copies")
    stages = bench["stages"]
    assert inputs.make(100) is None
    found, table = stages.expansion(inputs, 120)
    assert [a.text for a in found.attributes] == texts[:60]
    assert (table.embed(texts[::-1]) == vectors[::-1]).all()
    near = stages.near_duplicates(inputs, 120)
    assert near["true ones"] == near["of them found"] > 0
    assert near["wrongly found"] == 0
    made = stages.profiles(inputs, 120)
    assert made["attributes"] == 60
    monkeypatch.setattr(stages, "build_profiles", None)
    users, _ = stages.users_of(inputs, 120)
    assert len(users) == 120
    assert stages.by_embedding(inputs, 120)["pairs"] == 60
