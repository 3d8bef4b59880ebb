from __future__ import annotations

import errno
import hashlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from duologue.errors import ModelError
from duologue.models.files import BLOCK, FolderLock, disk, sha256_of, verified


@pytest.mark.parametrize("size", [0, 1, BLOCK, BLOCK + 1])
def test_sha256_of(tmp_path: Path, size: int) -> None:
    data = b"x" * size
    (tmp_path / "f").write_bytes(data)
    assert sha256_of(tmp_path / "f") == hashlib.sha256(data).hexdigest()


def test_verified_says_missing_for_folders_and_odd_paths(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert verified(tmp_path, "0" * 64, 0) == "missing"
    assert verified(tmp_path / "file" / "below", "0" * 64, 0) == "missing"


def test_disk_errors_become_one_line_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no space left on device; make room") as full, disk(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "\n" not in str(full.value)
    with pytest.raises(ModelError, match=r"permission denied; make it writable.*DUOLOGUE_MODELS"), disk(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_the_lock_holds_others_off_until_it_is_released(tmp_path: Path) -> None:
    waited = threading.Event()
    order: list[str] = []

    def second() -> None:
        with FolderLock(tmp_path, waited.set, pause=0.01):
            order.append("second")

    with FolderLock(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        assert waited.wait(30)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]


def test_the_lock_holds_off_another_process_and_dies_with_it(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from duologue.models.files import FolderLock\n"
        "with FolderLock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    # The holder is killed only once somebody has been seen waiting for it.
    with FolderLock(tmp_path, process.kill, pause=0.01):
        process.wait(30)
    assert process.returncode != 0
    process.stdout.close()


def test_a_lock_in_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelError, match="can't write models to"), FolderLock(tmp_path / "file"):
        pass
