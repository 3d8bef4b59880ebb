"""Tests of writing a file completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from duologue.errors import StoreError, UsageError
from duologue.export import export_rows
from duologue.records import Conversation


def test_writes_all_and_leaves_nothing_else(one: Conversation, tmp_path: Path) -> None:
    to = tmp_path / "new" / "out.jsonl"
    assert export_rows([one, one], "jsonl", to) == 2
    assert to.read_bytes().count(b"\n") == 2
    assert list(to.parent.iterdir()) == [to]


def test_split_filter(make: Callable[..., Conversation], tmp_path: Path) -> None:
    rows = [make((str(i),), ("x",), ("Hi",), split=split) for i, split in enumerate(["train", "test", "train"])]
    assert export_rows(rows, "spc", tmp_path / "train.csv", split="train") == 2
    assert export_rows(rows, "spc", tmp_path / "valid.csv", split="valid") == 0
    assert export_rows(rows, "spc", tmp_path / "all.csv") == 3
    with pytest.raises(UsageError, match="there is no split 'dev'; splits: train, valid, test"):
        export_rows(rows, "spc", tmp_path / "dev.csv", split="dev")


def test_an_existing_file_is_kept_unless_forced(one: Conversation, tmp_path: Path) -> None:
    to = tmp_path / "out.csv"
    to.write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        export_rows([one], "spc", to)
    assert to.read_text() == "mine"
    assert export_rows([one], "spc", to, force=True) == 1
    assert to.read_text() != "mine"


def test_a_file_that_appears_meanwhile_is_kept(one: Conversation, tmp_path: Path) -> None:
    to = tmp_path / "out.csv"

    def rows() -> Iterator[Conversation]:
        yield one
        to.write_text("mine")

    with pytest.raises(UsageError, match="exists already"):
        export_rows(rows(), "spc", to)
    assert to.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [to]


@pytest.mark.parametrize("name", ["spc", "jsonl", "parquet"])
def test_an_error_leaves_nothing(one: Conversation, tmp_path: Path, name: str) -> None:
    def rows() -> Iterator[Conversation]:
        yield one
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        export_rows(rows(), name, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_places_that_are_no_file(one: Conversation, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        export_rows([one], "spc", tmp_path)
    with pytest.raises(UsageError, match="is not a regular file"):
        export_rows([one], "spc", Path(os.devnull), force=True)
    (tmp_path / "file").write_text("")
    with pytest.raises((UsageError, StoreError)) as caught:
        export_rows([one], "spc", tmp_path / "file" / "out.csv")
    assert "\n" not in str(caught.value)


def test_no_permission_and_no_space(one: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, cause in ((13, "Permission denied"), (28, "No space left on device")):

        def refuse(*_: object, number: int = number, cause: str = cause) -> None:
            raise OSError(number, cause)

        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(StoreError, match=rf"out\.csv can't be written: {cause}"):
            export_rows([one], "spc", tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []
