from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from duologue.errors import StoreError
from duologue.records import Verdict
from duologue.store import schema
from duologue.store.database import FILE_NAME, Database, open_reader
from duologue.store.reading import RunReader

INSERT = "INSERT INTO meta VALUES (?, ?)"


def names(path: Path) -> list[str]:
    connection = open_reader(path)
    try:
        return [row[0] for row in connection.execute("SELECT name FROM meta ORDER BY name")]
    finally:
        connection.close()


def test_a_write_is_readable_when_it_returns(tmp_path: Path) -> None:
    async def run() -> list[str]:
        database = Database(tmp_path)
        await database.write((INSERT, ("a", "1")))
        found = names(database.path)
        database.close()
        return found

    assert asyncio.run(run()) == ["a"]


def test_posted_statements_are_there_after_flush_and_in_order(tmp_path: Path) -> None:
    async def run() -> int:
        database = Database(tmp_path)
        for i in range(500):
            database.post(("INSERT OR REPLACE INTO meta VALUES ('n', ?)", (str(i),)))
        await database.flush()
        reader = database.reader()
        (value,) = reader.execute("SELECT value FROM meta").fetchone()
        reader.close()
        database.close()
        return int(value)

    assert asyncio.run(run()) == 499


def test_close_commits_what_is_queued(tmp_path: Path) -> None:
    database = Database(tmp_path)
    database.post((INSERT, ("a", "1")))
    database.close()
    database.close()
    assert names(database.path) == ["a"]
    with pytest.raises(StoreError, match="closed"):
        database.post((INSERT, ("b", "1")))


def test_threads_may_post(tmp_path: Path) -> None:
    database = Database(tmp_path)

    def post(start: int) -> None:
        for i in range(start, start + 700):
            database.post((INSERT, (f"{i:05}", "")))

    threads = [threading.Thread(target=post, args=(start,)) for start in (0, 700, 1400)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.close()
    assert names(database.path) == [f"{i:05}" for i in range(2100)]


def test_the_log_is_copied_back_while_writing_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duologue.store.database._LOG_SIZE", 100_000)
    monkeypatch.setattr("duologue.store.database._COPY_EVERY", 0.0)

    async def run() -> tuple[int, int]:
        database = Database(tmp_path)
        largest = 0
        for i in range(400):
            await database.write((INSERT, (str(i), "x" * 4000)))
            largest = max(largest, (tmp_path / f"{FILE_NAME}-wal").stat().st_size)
            if i % 20 == 0:
                await asyncio.sleep(0.01)
        held = len(names(database.path))
        database.close()
        return largest, held

    largest, held = asyncio.run(run())
    assert held == 400
    assert largest < 400 * 8000
    assert not (tmp_path / f"{FILE_NAME}-wal").exists()


def test_a_reader_can_not_write(tmp_path: Path) -> None:
    database = Database(tmp_path)
    reader = database.reader()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute(INSERT, ("a", "1"))
    reader.close()
    database.close()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    Database(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    for attempt in (lambda: Database(tmp_path), lambda: open_reader(tmp_path / FILE_NAME)):
        with pytest.raises(StoreError, match="newer duologue"):
            attempt()


def first_version(folder: Path) -> None:
    """A file as the first version made it, with one verdict."""
    Database(folder).close()
    with sqlite3.connect(folder / FILE_NAME) as connection:
        connection.execute("ALTER TABLE verdicts DROP COLUMN scores")
        connection.execute("INSERT INTO verdicts VALUES (1, 'k', 'toxicity', 'filter', 0.9, 1, '', '[]', '[]', 0, 1)")
        connection.execute(
            "INSERT INTO revisions (fingerprint, config, state, pass, started) VALUES ('f', '{}', 'finished', 1, 0)"
        )
        connection.execute("PRAGMA user_version = 1")
    connection.close()


def test_a_file_of_the_first_version_is_read_as_it_is_and_gets_the_new_column_when_written_to(tmp_path: Path) -> None:
    first_version(tmp_path)
    before = (tmp_path / FILE_NAME).read_bytes()
    expected = (Verdict("toxicity", "filter", 0.9, True),)
    with RunReader(tmp_path) as reader:
        assert reader.verdicts("k") == expected
    assert (tmp_path / FILE_NAME).read_bytes() == before
    for _ in range(2):
        Database(tmp_path).close()
        with RunReader(tmp_path) as reader:
            assert reader.verdicts("k") == expected
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        assert connection.execute("SELECT scores FROM verdicts").fetchall() == [("[]",)]
        assert schema.version(connection) == schema.VERSION
    connection.close()


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="not a duologue run"):
        Database(tmp_path)
    path.write_bytes(b"no database at all, only text " * 100)
    with pytest.raises(StoreError, match="can't be opened"):
        Database(tmp_path)
    with pytest.raises(StoreError, match="can't be read"):
        open_reader(path)


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no run"):
        open_reader(tmp_path / FILE_NAME)


def test_an_impossible_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="can't be opened"):
        Database(tmp_path / "file")


FILL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from duologue.errors import StoreError
from duologue.store.database import Database

async def main():
    database = Database(Path(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    written = 0
    try:
        for i in range(1000):
            await database.write(("INSERT INTO meta VALUES (?, ?)", (str(i), "x" * 5000)))
            written += 1
    except StoreError as error:
        print(written, error)
    try:
        database.post(("INSERT INTO meta VALUES ('late', '')", ()))
    except StoreError:
        print("refused")
    try:
        database.close()
    except StoreError:
        print("closed")

asyncio.run(main())
"""


def test_a_full_disk_stops_with_one_line_and_leaves_a_file_that_opens(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL_DISK, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )
    first, second, third = done.stdout.splitlines()
    written, message = first.split(" ", 1)
    assert "can't be written" in message
    assert "run the same command again" in message
    assert (second, third) == ("refused", "closed")
    assert 10 < int(written) < 1000
    assert len(names(tmp_path / FILE_NAME)) == int(written)
    again = Database(tmp_path)
    again.post((INSERT, ("after", "")))
    again.close()
    assert "after" in names(again.path)


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from duologue.store.database import Database

async def main():
    database = Database(Path(sys.argv[1]))
    for i in range(10_000):
        await database.write(("INSERT INTO meta VALUES (?, '')", (f"{i:05}",)))
        os.write(1, f"{i:05}\\n".encode())
        if i == 60:
            os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def test_what_was_written_survives_sigkill(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == -9
    told = done.stdout.split()
    assert len(told) == 61
    assert names(tmp_path / FILE_NAME) == told


def test_reading_a_finished_run_in_a_folder_without_write_permission(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    database = Database(folder)
    database.post((INSERT, ("a", "1")))
    database.close()
    folder.chmod(0o555)
    try:
        assert names(folder / FILE_NAME) == ["a"]
    finally:
        folder.chmod(0o755)
