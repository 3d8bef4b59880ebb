"""Attributes made by rules: distinct, from real words, the same every time."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BASE = [
    "i have three cats",
    "my favorite color is blue .",
    "i am an accountant at a bank",
    "i like to play the guitar and eat pizza",
    "nothing here changes",
]


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = Path(__file__).parents[2] / "bench" / "scale_input.py"
    spec = importlib.util.spec_from_file_location("scale_input", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["scale_input"] = module
    spec.loader.exec_module(module)
    return module


def test_distinct_and_a_longer_list_begins_with_the_shorter(bench: ModuleType) -> None:
    short, long = bench.expand(BASE, 60), bench.expand(BASE, 900)
    assert long[:60] == short
    assert len({one.text for one in long}) == 900
    assert [one.text for one in long[:5]] == BASE


def test_every_new_word_is_one_of_the_classes(bench: ModuleType) -> None:
    words = {word for kind in bench.CLASSES for word in kind}
    words |= {word for adjunct in bench.ADJUNCTS for word in adjunct.split()} | {"a", "an"}
    for one in bench.expand(BASE, 900):
        assert set(one.text.split()) <= words | set(BASE[one.base].split())


def test_changes_say_what_was_put_for_what(bench: ModuleType) -> None:
    found = bench.expand(BASE, 900)
    assert {len(one.changes) for one in found} == {0, 1, 2}
    for one in found:
        for old, new in one.changes:
            assert new in one.text
            assert old in BASE[one.base]
            assert old or new in bench.ADJUNCTS


def test_articles_follow_the_word_and_stops_stay_last(bench: ModuleType) -> None:
    texts = [one.text for one in bench.expand(BASE, 900)]
    assert "i am a plumber at an airport" in texts
    assert all(text.endswith(" .") for text in texts if text.startswith("my favorite color"))


def test_too_many_is_said(bench: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"the rules give [\d,]+ attributes from 5, 9,000,000 are wanted"):
        bench.expand(BASE, 9_000_000)
