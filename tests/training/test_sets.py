"""Training sets as folders."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from duologue.errors import UsageError
from duologue.training.rows import Lesson, Preference
from duologue.training.sets import is_set, make_set, read_set, write_set
from duologue.training.train import Request, train_run
from duologue.training.whole import new_folder


def test_a_set_is_read_as_it_was_written(lessons: list[Lesson], preferences: list[Preference], tmp_path: Path) -> None:
    for what, rows in (("sft", lessons), ("dpo", preferences)):
        made = make_set(what, rows, source="f", writers=["m"])  # type: ignore[arg-type]
        write_set(made, tmp_path / what, {})
        assert is_set(tmp_path / what)
        again = read_set(tmp_path / what)
        assert again == made
        assert again.hash == made.hash


def test_a_broken_row_is_named(lessons: list[Lesson], tmp_path: Path) -> None:
    write_set(make_set("sft", lessons), tmp_path / "s", {})
    path = tmp_path / "s" / "train.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1][:-9], *lines[2:]]))
    with pytest.raises(UsageError, match=r"train\.jsonl, line 2: is no training row"):
        read_set(tmp_path / "s")
    (tmp_path / "s" / "valid.jsonl").unlink()
    path.write_text(lines[0])
    with pytest.raises(UsageError, match=r"valid\.jsonl is missing"):
        read_set(tmp_path / "s")


def test_what_the_rows_are_for_must_be_said_and_true(lessons: list[Lesson], tmp_path: Path) -> None:
    write_set(make_set("sft", lessons), tmp_path / "s", {})
    path = tmp_path / "s" / "set.json"
    about = json.loads(path.read_text())
    for what, why in (("dpo", "the rows are for dpo"), ("rl", "does not say what"), (None, "does not say what")):
        path.write_text(json.dumps({**about, "what": what}))
        with pytest.raises(UsageError, match=why):
            read_set(tmp_path / "s")


def test_options_for_reading_a_run_are_refused_with_a_set(lessons: list[Lesson], tmp_path: Path) -> None:
    write_set(make_set("sft", lessons), tmp_path / "s", {})
    for given in ({"tasks": ("turns",)}, {"examples": 0}, {"rounds": 1}):
        asked = Request(tmp_path / "s", tmp_path / "t", data_only=True, **given)
        with pytest.raises(UsageError, match=f"--{next(iter(given))}: .* made already"):
            asyncio.run(train_run(asked, lambda line: None))


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    to = tmp_path / "out"

    def half() -> None:
        with new_folder(to) as folder:
            (folder / "half").write_text("x")
            raise KeyError

    with pytest.raises(KeyError):
        half()
    assert list(tmp_path.iterdir()) == []
    with new_folder(to) as folder:
        (folder / "set.json").write_text('{"format": "duologue-training/1"}')
    with pytest.raises(UsageError, match="--force"), new_folder(to):
        pass
    with new_folder(to, force=True) as folder:
        (folder / "two").write_text("x")
    assert [p.name for p in to.iterdir()] == ["two"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
