"""The run's SQLite file: one writing connection with group commit, and separate read connections.

What ``write`` and ``flush`` promise: after a commit the data is in the write-ahead log as the operating system sees
it, so it survives SIGKILL of this process at any moment. A loss of power may take back the last commits, never the
file's integrity.

Commits run where the event loop runs, once per round of the loop, for all that the round wrote. A commit takes some
50 microseconds; handing it to a thread costs more than that in waits for the interpreter's lock, and on a busy machine
many milliseconds. What can be slow, copying the log back into the file and syncing it, does have a thread.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from duologue.errors import StoreError
from duologue.store import schema

Statement = tuple[str, Sequence[object]]
"""SQL text and its parameters."""

FILE_NAME = "run.sqlite"
_BATCH = 256
"""Statements posted after which they are committed at once, which bounds memory where no event loop runs."""
_LOG_SIZE = 16 * 2**20
"""Bytes of write-ahead log from which it is copied back."""
_COPY_EVERY = 0.5
"""Fewest seconds between two copies."""


class Database:
    """``run.sqlite`` in a run folder. One per process and folder; see ``store.lock`` for keeping others out."""

    def __init__(self, folder: Path) -> None:
        """Open the file, make it when absent. Raises StoreError when it can't be used."""
        self.folder = folder
        self.path = folder / FILE_NAME
        self._log_path = folder / f"{FILE_NAME}-wal"
        self._error: StoreError | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._queue_lock = threading.Lock()
        self._pending: list[Statement] = []
        self._futures: list[asyncio.Future[None]] = []
        self._scheduled: asyncio.AbstractEventLoop | None = None
        self._copy_wanted = threading.Event()
        self._closing = threading.Event()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = self._open()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"{self.path}: can't be opened ({_plain(error)}); check the folder's permissions, or choose another folder"
            ) from error
        self._thread = threading.Thread(target=self._copy_back, name="duologue-checkpoint", daemon=True)
        self._thread.start()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA cache_size = -16000")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("PRAGMA journal_size_limit = 0")
            if schema.is_empty(connection):
                schema.create(connection)
            schema.check(connection, self.path)
            schema.upgrade(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def post(self, *statements: Statement) -> None:
        """Queue statements, run in one transaction, in order. Durable after the next ``flush``.

        Raises StoreError when an earlier write failed.
        """
        self._check()
        with self._queue_lock:
            self._pending.extend(statements)
        if len(self._pending) >= _BATCH:
            self._commit(wait=True)
        else:
            with suppress(RuntimeError):
                self._schedule(asyncio.get_running_loop())

    def write(self, *statements: Statement) -> asyncio.Future[None]:
        """Queue statements like ``post``; the future, to be awaited, ends after their commit or with StoreError."""
        self._check()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._queue_lock:
            self._pending.extend(statements)
            self._futures.append(future)
        self._schedule(loop)
        return future

    async def flush(self) -> None:
        """Wait until everything queued so far is committed. Raises StoreError when it can't be."""
        await self.write()

    def reader(self) -> sqlite3.Connection:
        """Return a new read-only connection, usable from any one thread at a time. The caller closes it."""
        return open_reader(self.path)

    def close(self) -> None:
        """Commit what is queued, then close. Raises StoreError when a write had failed; safe to call twice."""
        if self._closed:
            return
        self._commit(wait=True)
        self._closed = True
        self._closing.set()
        self._copy_wanted.set()
        self._thread.join()
        with suppress(sqlite3.Error):
            self._connection.close()
        if self._error is not None:
            raise self._error

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
        if self._closed:
            raise StoreError(f"{self.path}: the run's database is closed; run the same command again to go on")

    def _schedule(self, loop: asyncio.AbstractEventLoop, delay: float = 0.0) -> None:
        if self._scheduled is loop:
            return
        self._scheduled = loop
        if delay:
            loop.call_later(delay, self._turn)
        else:
            loop.call_soon(self._turn)

    def _turn(self) -> None:
        """The event loop's next round: commit, or come back soon while the log is being copied."""
        loop, self._scheduled = self._scheduled, None
        if not self._commit(wait=False) and loop is not None:
            self._schedule(loop, 0.001)

    def _commit(self, *, wait: bool) -> bool:
        """Commit all that is queued. Returns False when the file is taken and ``wait`` is False."""
        if not self._lock.acquire(blocking=wait):
            return False
        try:
            if self._closed:
                return True
            with self._queue_lock:
                statements, self._pending = self._pending, []
                futures, self._futures = self._futures, []
            if self._error is None and statements:
                self._write_all(statements)
        finally:
            self._lock.release()
        _resolve(futures, self._error)
        return True

    def _write_all(self, statements: Sequence[Statement]) -> None:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for sql, parameters in statements:
                connection.execute(sql, parameters)
            connection.execute("COMMIT")
            if self._log_path.stat().st_size > _LOG_SIZE:
                self._copy_wanted.set()
        except Exception as error:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            self._error = StoreError(
                f"{self.path}: can't be written ({_plain(error)}); make room or mend the disk, then run the same command again"
            )

    def _copy_back(self) -> None:
        """Copy the write-ahead log back into the file whenever it has grown; the thread's work."""
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            while True:
                self._copy_wanted.wait()
                if self._closed:
                    return
                self._copy_wanted.clear()
                # A failure here loses nothing: the log stays as it is, and the next copy or commit meets it again.
                with suppress(sqlite3.Error):
                    # The bulk goes beside commits; only the rest needs them to pause, so that the log starts anew.
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                    with self._lock:
                        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                self._closing.wait(_COPY_EVERY)
        finally:
            connection.close()


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a run's file for reading, also while a run goes on. Raises StoreError when it is absent or not a run."""
    if not path.is_file():
        raise StoreError(f"{path.parent}: holds no run ({path.name} is missing); give the folder of a `duologue run`")
    address = f"file:{quote(str(path.absolute()))}"
    failure: Exception | None = None
    # A folder that can't be written has no place for WAL's shared memory; a file at rest there can be read as it is.
    for mode in ("mode=ro", "immutable=1"):
        try:
            connection = sqlite3.connect(
                f"{address}?{mode}", uri=True, timeout=30, isolation_level=None, check_same_thread=False
            )
            schema.check(connection, path)
        except sqlite3.Error as error:
            failure = error
        else:
            return connection
    raise StoreError(f"{path}: can't be read ({_plain(failure)}); is it a run of duologue?") from failure


def _resolve(futures: Sequence[asyncio.Future[None]], error: StoreError | None) -> None:
    try:
        here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    elsewhere: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for future in futures:
        if future.get_loop() is here:
            _settle((future,), error)
        else:
            elsewhere.setdefault(future.get_loop(), []).append(future)
    for loop, own in elsewhere.items():
        # The loop may be closed already when the process is on its way out.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, own, error)


def _settle(futures: Sequence[asyncio.Future[None]], error: StoreError | None) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


def _plain(error: object) -> str:
    return " ".join(str(error).split())[:200]
