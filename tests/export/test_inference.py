"""Tests of persona inference pairs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson

from duologue.export.inference import InferenceFormat, inference_rows
from duologue.records import Conversation


def test_each_speaker_has_a_row(one: Conversation, tmp_path: Path) -> None:
    first, second = inference_rows(one)
    assert first["text"] == second["text"] == "User 1: Tea?\nUser 2: No, I run.\nUser 1: I sing."
    assert (first["attributes"], first["voiced"]) == (["I like tea.", "I sing."], ["I like tea."])
    assert (second["attributes"], second["voiced"]) == (["I run."], [])
    to = tmp_path / "out.jsonl"
    assert InferenceFormat().write([one, one], to) == 2
    assert [orjson.loads(line) for line in to.read_bytes().splitlines()] == [first, second] * 2


def test_voiced_is_null_where_nothing_was_measured(one: Conversation) -> None:
    assert [row["voiced"] for row in inference_rows(replace(one, verdicts=()))] == [None, None]
