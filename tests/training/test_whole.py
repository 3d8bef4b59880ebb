"""Folders that take the place of others, or may not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from duologue.errors import StoreError, UsageError
from duologue.training.whole import check_target, new_folder


def adapter(folder: Path) -> Path:
    (folder / "peft").mkdir(parents=True)
    (folder / "adapter.gguf").write_bytes(b"a")
    (folder / "meta.json").write_text(json.dumps({"base_sha256": "b", "peft_sha256": "c"}))
    # What the first run with it leaves.
    for name in ("tiny-0123456789ab.gguf", "tiny-0123456789ab.gguf.merged", ".tiny-0123456789ab.gguf.verified"):
        (folder / name).write_bytes(b"m")
    return folder


def fill(to: Path) -> None:
    with new_folder(to, force=True) as folder:
        (folder / "new").write_text("n")


def test_an_adapter_or_a_set_gives_way_to_force_alone(tmp_path: Path) -> None:
    to = adapter(tmp_path / "a")
    with pytest.raises(UsageError, match="exists already"), new_folder(to):
        pass
    fill(to)
    assert [p.name for p in to.iterdir()] == ["new"]
    made = tmp_path / "set"
    made.mkdir()
    (made / "set.json").write_text(json.dumps({"format": "duologue-training/1"}))
    (made / "train.jsonl").write_text("")
    fill(made)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "set"]


def test_what_duologue_train_did_not_write_stays(tmp_path: Path) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "thesis.txt").write_text("years")
    mixed = adapter(tmp_path / "mixed")
    (mixed / "notes.txt").write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(papers)
    for to, why in ((papers, "not written by"), (mixed, r"other files \(notes\.txt\)"), (link, "is no folder")):
        with pytest.raises(UsageError, match=why):
            fill(to)
    assert (papers / "thesis.txt").read_text() == "years"
    assert (mixed / "notes.txt").is_file()


def test_what_is_read_and_where_one_stands_is_never_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "runs" / "run"
    source.mkdir(parents=True)
    for to in (source, source.parent, source / ".." / "run"):
        with pytest.raises(UsageError, match="holds what is read"):
            check_target(to, force=True, source=source)
    check_target(source / "training" / "round-1", source=source)
    monkeypatch.chdir(tmp_path)
    for to in (Path(), Path(".."), tmp_path):
        with pytest.raises(UsageError, match="the folder that you are in"):
            check_target(to, force=True)


def test_an_earlier_folder_is_put_back_when_the_new_one_cant_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = adapter(tmp_path / "a")
    real = Path.rename

    def refuses(self: Path, target: Path) -> Path:
        if self.suffix == ".part":
            raise OSError(5, "Input/output error")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", refuses)
    with pytest.raises(StoreError, match="can't be written"):
        fill(to)
    assert (to / "adapter.gguf").read_bytes() == b"a"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
