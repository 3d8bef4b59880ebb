"""``review.sqlite``: what people decided and answered. One writer, each answer on the disk before it is confirmed.

All writing goes through one thread, which takes what has piled up into one transaction (``synchronous = FULL``) and
reports each job as done after the commit. So a confirmed answer survives a kill and a loss of power, and fifty people
who answer at once share one sync of the disk.
"""

from __future__ import annotations

import os
import queue
import secrets
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from duologue.datasets.readers.run import run_folder
from duologue.errors import DuologueError, StoreError
from duologue.review.study.schema import TABLES as STUDY_TABLES
from duologue.store.database import FILE_NAME as RUN
from duologue.store.hand import FILE_NAME
from duologue.store.hand import TABLE as DECISIONS
from duologue.store.lock import RunLock

T = TypeVar("T")
VERSION = 2
"""2: decisions may choose another candidate."""
_MOST = 256
"""Jobs of one transaction."""

_Job = tuple[Callable[[sqlite3.Connection], Any], "Future[Any]"]


def place_of(path: Path) -> Path:
    """Where the review of a run folder, a file or a folder of files is kept: in the run's folder, else beside it.

    A folder of files may be passed on as it is, and what people decided and answered must not go with it. A review that
    lies in one already is used.
    """
    path = run_folder(path)
    if (path / RUN).is_file() or (path / FILE_NAME).is_file():
        return path / FILE_NAME
    path = path.resolve() if path.name in ("", "..") else path
    return path.with_name(f"{path.name}.{FILE_NAME}")


class ReviewDatabase:
    """The file, opened by the one process that may write to it. Close it."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError when the file can't be used, or another review has it open."""
        self.path = path
        self._lock = RunLock(path.parent, f"{path.name.removesuffix('.sqlite')}.lock")
        self._lock.acquire()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._closed = False
        try:
            self._connection = self._open()
        except (sqlite3.Error, OSError) as error:
            self._lock.release()
            raise StoreError(
                f"{path}: can't be opened ({error}); check the folder's permissions and the file"
            ) from error
        except DuologueError:
            self._lock.release()
            raise
        self._thread = threading.Thread(target=self._work, name="duologue-review-writer", daemon=True)
        self._thread.start()

    def _open(self) -> sqlite3.Connection:
        # It holds answers and everyone's links, so nobody else on the machine may read it; SQLite's own files follow it.
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            found = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if found > VERSION:
                raise StoreError(
                    f"{self.path}: written by a newer duologue (schema {found}); update duologue to open it"
                )
            if found == 1:
                # SQLite can't widen a CHECK: the table is made anew, its rows as they were.
                connection.executescript(
                    "BEGIN IMMEDIATE; ALTER TABLE decisions RENAME TO earlier; DROP INDEX decisions_of;"  # noqa: S608
                    f" {DECISIONS} INSERT INTO decisions SELECT *, NULL FROM earlier; DROP TABLE earlier;"
                    f" PRAGMA user_version = {VERSION}; COMMIT;"
                )
            if found == 0:
                if connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                    raise StoreError(f"{self.path}: is no review of duologue; move it away and run the command again")
                connection.executescript(
                    f"BEGIN IMMEDIATE; CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL); {DECISIONS}"
                    f" {STUDY_TABLES} PRAGMA user_version = {VERSION}; COMMIT;"
                )
        except BaseException:
            connection.close()
            raise
        return connection

    def submit(self, job: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Let ``job`` write; the future ends after its commit, or with what it raised, and then nothing of it stays."""
        if self._closed:
            raise StoreError(f"{self.path}: the review is closed; start it again")
        future: Future[T] = Future()
        self._jobs.put((job, future))
        return future

    def write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Like :meth:`submit`, and wait."""
        return self.submit(job).result()

    def reader(self) -> sqlite3.Connection:
        """The calling thread's own connection for reading."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA query_only = ON")
            self._local.connection = connection
            self._readers.append(connection)
        return connection

    def secret(self, name: str) -> str:
        """A random text of 43 characters that stays with the file."""
        made = secrets.token_urlsafe(32)

        def job(connection: sqlite3.Connection) -> str:
            connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (name, made))
            return str(connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0])

        return self.write(job)

    def close(self) -> None:
        """Finish what is queued, then close. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        self._thread.join()
        for connection in (*self._readers, self._connection):
            connection.close()
        self._lock.release()

    def _work(self) -> None:
        while True:
            first = self._jobs.get()
            if first is None:
                return
            batch, last = [first], False
            while len(batch) < _MOST:
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    last = True
                    break
                batch.append(job)
            self._commit(batch)
            if last:
                return

    def _commit(self, batch: list[_Job]) -> None:
        connection = self._connection
        results: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job, future in batch:
                connection.execute("SAVEPOINT job")
                try:
                    results.append((future, job(connection), None))
                except Exception as error:
                    connection.execute("ROLLBACK TO job")
                    results.append((future, None, error))
                connection.execute("RELEASE job")
            connection.execute("COMMIT")
        except Exception as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            failure = StoreError(
                f"{self.path}: can't be written ({error}); make room or mend the disk, then answer again"
            )
            results = [(future, None, failure) for _, future in batch]
        for future, result, problem in results:
            # Nobody waits any more for a request that was given up; the others do.
            if not future.set_running_or_notify_cancel():
                continue
            if problem is None:
                future.set_result(result)
            else:
                future.set_exception(problem)
