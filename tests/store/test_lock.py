from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from duologue.errors import StoreError
from duologue.store.lock import RunLock

HOLD = """
import sys
from pathlib import Path
from duologue.store.lock import RunLock
RunLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    process = hold(tmp_path)
    try:
        with pytest.raises(StoreError, match=f"in use by process {process.pid} on "):
            RunLock(tmp_path).acquire()
    finally:
        process.kill()
        process.communicate()


def test_the_lock_of_a_killed_process_is_recognised_as_stale(tmp_path: Path) -> None:
    process = hold(tmp_path)
    process.kill()
    process.communicate()
    with RunLock(tmp_path) as lock:
        assert lock.stale is not None
        assert f"process {process.pid} on " in lock.stale


def test_an_orderly_end_leaves_nothing_stale(tmp_path: Path) -> None:
    with RunLock(tmp_path / "new"), pytest.raises(StoreError, match="in use"):
        RunLock(tmp_path / "new").acquire()
    with RunLock(tmp_path / "new") as lock:
        assert lock.stale is None


def test_an_impossible_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="can't be written"):
        RunLock(tmp_path / "file" / "run").acquire()
