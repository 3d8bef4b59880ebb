"""Checkpoints that are whole, damaged, half-written, or of another training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from duologue.errors import StoreError, UsageError
from duologue.training.checkpoints import held, newest, open_work, prove


def checkpoint(work: Path, step: int, *, whole: bool = True, best: int | None = None) -> Path:
    folder = work / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    if best is not None:
        state = {"best_model_checkpoint": f"/elsewhere/a.work/checkpoint-{best}"}
        (folder / "trainer_state.json").write_text(json.dumps(state))
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


def test_a_checkpoint_whose_best_is_damaged_is_left_out_too(tmp_path: Path) -> None:
    good = checkpoint(tmp_path, 10, best=10)
    bad = checkpoint(tmp_path, 20, best=20)
    checkpoint(tmp_path, 30, best=20)
    assert newest(tmp_path, print) == tmp_path / "checkpoint-30"
    (bad / "adapter_model.safetensors").write_bytes(b"weights 2")
    said: list[str] = []
    assert newest(tmp_path, said.append) == good
    assert "checkpoint-30 has checkpoint-20 for its best, which is damaged" in said[0]
    checkpoint(tmp_path, 40, best=35)
    assert newest(tmp_path, said.append) == good


def test_force_starts_over_though_the_training_is_the_same(tmp_path: Path) -> None:
    work = tmp_path / "a.work"
    open_work(work, {"set": "1"}, force=False)
    checkpoint(work, 10)
    open_work(work, {"set": "1"}, force=True)
    assert [p.name for p in work.iterdir()] == ["job.json"]


def test_a_job_that_cant_be_read_is_begun_anew(tmp_path: Path) -> None:
    work = tmp_path / "a.work"
    open_work(work, {"set": "1"}, force=False)
    checkpoint(work, 10)
    (work / "job.json").write_text('{"set": ')
    open_work(work, {"set": "1"}, force=False)
    assert json.loads((work / "job.json").read_text()) == {"set": "1"}
    assert not (work / "checkpoint-10").exists()


def test_files_of_others_are_never_removed(tmp_path: Path) -> None:
    work = tmp_path / "a.work"
    work.mkdir()
    (work / "thesis.txt").write_text("years")
    for force in (False, True):
        with pytest.raises(UsageError, match=r"other files \(thesis\.txt\)"):
            open_work(work, {"set": "1"}, force=force)
    assert (work / "thesis.txt").is_file()


def test_two_trainings_never_share_a_folder(tmp_path: Path) -> None:
    work = tmp_path / "a.work"
    with held(work):
        open_work(work, {"set": "1"}, force=True)
        with pytest.raises(StoreError, match="in use by process"), held(work, wait=0.2):
            pass
    with held(work):
        pass
