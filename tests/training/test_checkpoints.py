"""Checkpoints that are whole, damaged, half-written, or of another training."""

from __future__ import annotations

from pathlib import Path

import pytest

from duologue.errors import UsageError
from duologue.training.checkpoints import newest, open_work, prove


def checkpoint(work: Path, step: int, *, whole: bool = True) -> Path:
    folder = work / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(b"weights %d" % step)
    if whole:
        prove(folder)
    return folder


def test_the_newest_whole_checkpoint_is_taken(tmp_path: Path) -> None:
    said: list[str] = []
    assert newest(tmp_path, said.append) is None
    checkpoint(tmp_path, 9)
    good = checkpoint(tmp_path, 10)
    assert newest(tmp_path, said.append) == good
    assert said == []


def test_damaged_and_half_written_ones_are_left_out_and_named(tmp_path: Path) -> None:
    good = checkpoint(tmp_path, 10)
    bad = checkpoint(tmp_path, 20)
    (bad / "adapter_model.safetensors").write_bytes(b"weights 2")
    checkpoint(tmp_path, 30, whole=False)
    said: list[str] = []
    assert newest(tmp_path, said.append) == good
    assert ["checkpoint-30 is not complete" in said[0], "checkpoint-20 is damaged" in said[1]] == [True, True]
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint-10"]


def test_another_training_is_not_gone_on_with(tmp_path: Path) -> None:
    work = tmp_path / "a.work"
    open_work(work, {"set": "1"}, force=False)
    checkpoint(work, 10)
    open_work(work, {"set": "1"}, force=False)
    assert (work / "checkpoint-10").is_dir()
    with pytest.raises(UsageError, match="training on other rows"):
        open_work(work, {"set": "2"}, force=False)
    open_work(work, {"set": "2"}, force=True)
    assert not (work / "checkpoint-10").exists()
