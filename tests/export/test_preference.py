"""Tests of preference pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from duologue.errors import UsageError
from duologue.export import Contest, export_rows, export_run
from duologue.export.preference import preference_row, prompt
from duologue.records import Conversation
from duologue.store.reading import RunReader


def test_row(one: Conversation) -> None:
    row = preference_row(Contest(one, "k-9", ("Hi.", "User 1: no"), 1, "faithfulness", "swaps\ud800"))
    assert row["id"] == f"{one.id}-k-9"
    assert [m["role"] for m in (*row["prompt"], *row["chosen"], *row["rejected"])] == ["user", "assistant", "assistant"]
    assert row["chosen"][0]["content"] == "User 1: Tea?\nUser 2: No, I run.\nUser 1: I sing."
    assert row["rejected"][0]["content"] == "User 1: Hi.\nUser 2: User 1 - no"
    assert (row["by"], row["why"], row["split"]) == ("faithfulness", "swaps\ufffd", "valid")


def test_the_prompt_gives_both_profiles_and_the_length(one: Conversation) -> None:
    text = prompt(one.candidate)
    assert "User 1:\n- I like tea.\n- I sing.\n\nUser 2:\n- I run.\n" in text
    assert "conversation in 2 to 9 utterances." in text
    assert "conversation in 4 utterances." in prompt(replace(one.candidate, length=(4, 4)))
    assert "conversation. Write" in prompt(replace(one.candidate, length=(0, 0)))


def test_from_a_run_and_only_from_one(tmp_path: Path, make_run: Callable[..., Path], one: Conversation) -> None:
    with RunReader(make_run(tmp_path / "run", 5)) as reader:
        assert export_run(reader, "preference", tmp_path / "all.jsonl") == 10
        assert export_run(reader, "preference", tmp_path / "valid.jsonl", split="valid") == 2
        with pytest.raises(UsageError, match="no split 'dev'"):
            export_run(reader, "preference", tmp_path / "dev.jsonl", split="dev")
    rows = [orjson.loads(line) for line in (tmp_path / "valid.jsonl").read_bytes().splitlines()]
    assert {row["split"] for row in rows} == {"valid"}
    assert all(row["chosen"] != row["rejected"] for row in rows)
    with pytest.raises(UsageError, match="export it from a run folder"):
        export_rows([one], "preference", tmp_path / "x.jsonl")
    assert not (tmp_path / "x.jsonl").exists()
