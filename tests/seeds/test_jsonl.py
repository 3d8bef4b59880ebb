"""Tests of the JSON lines reader."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.errors import SeedError
from duologue.seeds.jsonl import read_jsonl


def test_reads_personas_and_ignores_other_keys() -> None:
    text = '{"id": 1, "persona": ["I a.", "I b."]}\n\n{"persona": []}\r\n{"persona": ["I\\u2028c."]}'
    assert list(read_jsonl(text, "x")) == [["I a.", "I b."], [], ["I\u2028c."]]


@settings(deadline=None)
@given(st.lists(st.lists(st.text())))
def test_round_trip(profiles: list[list[str]]) -> None:
    text = "\n".join(json.dumps({"persona": p}, ensure_ascii=False) for p in profiles)
    assert list(read_jsonl(text, "x")) == profiles


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("I like tea.", "is not JSON"),
        ('{"persona": ["I a."', "is not JSON"),
        ('["I a."]', "is not a JSON object"),
        ("3", "is not a JSON object"),
        ('{"personas": ["I a."]}', 'has no key "persona" (keys: "personas")'),
        ("{}", "(keys: none)"),
        ('{"persona": "I a."}', "is not a list of texts"),
        ('{"persona": ["I a.", 3]}', "not a text"),
        ('{"persona": ["\\ud800"]}', "is not JSON"),
        ("[" * 5000, "is not JSON"),
    ],
)
def test_bad_lines_are_named(line: str, said: str) -> None:
    with pytest.raises(SeedError) as caught:
        list(read_jsonl('{"persona": ["I a."]}\n' + line, "seeds.jsonl"))
    assert str(caught.value).startswith("seeds.jsonl: line 2")
    assert said in str(caught.value)
    assert len(str(caught.value)) < 300
