"""Tests of the review file: one writer, jobs that fail alone, and what is confirmed survives a kill."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from duologue.errors import StoreError
from duologue.review.database import ReviewDatabase, place_of

_INSERT = "INSERT INTO decisions (conversation, basis, action, note, who, at) VALUES (?, 'b', ?, '', 'me', 0)"


def _job(name: str, action: str = "accept"):  # type: ignore[no-untyped-def]
    return lambda connection: connection.execute(_INSERT, (name, action)).lastrowid


def test_many_at_once_are_all_there(tmp_path: Path) -> None:
    database = ReviewDatabase(tmp_path / "review.sqlite")
    with ThreadPoolExecutor(16) as threads:
        ids = list(threads.map(lambda i: database.write(_job(f"c{i}")), range(200)))
    assert len(set(ids)) == 200
    assert database.reader().execute("SELECT count(DISTINCT conversation) FROM decisions").fetchone() == (200,)
    assert database.secret("x") == database.secret("x") != database.secret("y")
    database.close()
    database.close()
    with pytest.raises(StoreError, match="closed"):
        database.submit(_job("late"))


def test_nobody_else_on_the_machine_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        database = ReviewDatabase(tmp_path / "review.sqlite")
    finally:
        os.umask(before)
    database.write(_job("c"))
    found = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir() if p.suffix != ".lock"}
    assert found.keys() >= {"review.sqlite", "review.sqlite-wal"}
    assert set(found.values()) == {0o600}
    database.close()


def test_a_job_that_fails_takes_nothing_else_with_it(tmp_path: Path) -> None:
    database = ReviewDatabase(tmp_path / "review.sqlite")
    futures = [database.submit(_job(f"c{i}", "nonsense" if i == 3 else "accept")) for i in range(8)]
    for i, future in enumerate(futures):
        if i == 3:
            with pytest.raises(sqlite3.IntegrityError):
                future.result()
        else:
            assert future.result()
    assert database.reader().execute("SELECT count(*) FROM decisions").fetchone() == (7,)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.reader().execute("DELETE FROM decisions")
    database.close()


def test_a_job_whose_request_was_given_up_does_not_end_the_writer(tmp_path: Path) -> None:
    database = ReviewDatabase(tmp_path / "review.sqlite")
    held, go = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        held.set()
        go.wait(60)

    first = database.submit(slow)
    assert held.wait(60)
    second, third = database.submit(_job("c2")), database.submit(_job("c3"))
    assert first.cancel()
    assert second.cancel()
    go.set()
    assert third.result(60)
    assert database.submit(_job("c4")).result(60)
    database.close()


def test_only_one_review_at_a_time_and_only_its_own_file(tmp_path: Path) -> None:
    first = ReviewDatabase(tmp_path / "review.sqlite")
    assert first.reader().execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with pytest.raises(StoreError, match="in use by process"):
        ReviewDatabase(tmp_path / "review.sqlite")
    first.close()
    ReviewDatabase(tmp_path / "review.sqlite").close()
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(StoreError, match="is no review"):
        ReviewDatabase(other)
    newer = sqlite3.connect(tmp_path / "review.sqlite")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreError, match="newer duologue"):
        ReviewDatabase(tmp_path / "review.sqlite")
    assert place_of(other).name == "other.sqlite.review.sqlite"


def test_a_review_lies_in_a_run_and_beside_anything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, data = tmp_path / "run", tmp_path / "owls"
    run.mkdir()
    data.mkdir()
    (run / "run.sqlite").touch()
    assert place_of(run) == place_of(run / "run.sqlite") == run / "review.sqlite"
    assert place_of(data) == tmp_path / "owls.review.sqlite"
    monkeypatch.chdir(data)
    assert place_of(Path()) == tmp_path / "owls.review.sqlite"
    # One that was made in the folder goes on.
    (data / "review.sqlite").touch()
    assert place_of(data) == data / "review.sqlite"


_WRITER = """
import sys
from pathlib import Path
from duologue.review.database import ReviewDatabase
database = ReviewDatabase(Path(sys.argv[1]))
for i in range(100000):
    database.write(lambda c: c.execute("INSERT INTO decisions (conversation, basis, action, note, who, at) VALUES (?, 'b', 'accept', '', 'me', 0)", (str(i),)))
    print(i, flush=True)
"""


def test_kill_loses_nothing_that_was_confirmed(tmp_path: Path) -> None:
    path = tmp_path / "review.sqlite"
    process = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    confirmed = [int(process.stdout.readline()) for _ in range(40)]
    os.kill(process.pid, signal.SIGKILL)
    confirmed += [int(line) for line in process.stdout.read().split("\n")[:-1] if line]
    process.wait()
    database = ReviewDatabase(path)
    found = {int(c) for (c,) in database.reader().execute("SELECT conversation FROM decisions")}
    assert set(confirmed) <= found
    assert found == set(range(len(found)))
    database.close()
