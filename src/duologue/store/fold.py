"""Folding the log of a shard into the run's database: its calls, outcomes, verdicts and comparisons.

A shard's log is a file of the same tables, written under the run's revision and pass. An answer that another shard paid for
as well is logged once, and its price noted as wasted. Folding the same file again changes nothing, so a process may be killed at any moment between folding it and deleting it.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from duologue.errors import StoreError
from duologue.store import schema
from duologue.store.call_log import AGAIN, FAILED, FAILED_COLUMNS, REUSE
from duologue.store.database import Database, Statement, open_reader
from duologue.store.lock import InUse, RunLock

_log = logging.getLogger("duologue")

FOLDER = "shards"
"""Where the logs of shards lie in a run folder."""
PATIENCE = 60.0
"""Seconds in which the workers of a killed driver are expected to have ended."""
_FOLDED = "folded:{}"
_COPIES = (
    ("texts", "INSERT OR IGNORE"),
    ("calls", "INSERT OR IGNORE"),
    ("verdicts", "INSERT OR REPLACE"),
    ("comparisons", "INSERT OR REPLACE"),
    ("items", "INSERT OR REPLACE"),
)
"""Outcomes come last: what they rest on is there before they are."""
_PAID = (
    "SELECT key, purpose, 'another shard paid for the same call', attempts, prompt_tokens, completion_tokens, finished_at, key"
    " FROM calls ORDER BY rowid"
)
"""As ``AGAIN`` takes it."""


async def fold(path: Path, database: Database) -> None:
    """Fold the shard log ``path`` into ``database``, in one transaction, and delete it.

    Raises StoreError when either can't be read or written; then the log stays.
    """
    marker = _FOLDED.format(path.name)
    if not _known(database, marker):
        statements = await asyncio.to_thread(_statements, path)
        await database.write(*statements, ("INSERT INTO meta VALUES (?, '')", (marker,)))
    for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        file.unlink(missing_ok=True)
    await database.write(("DELETE FROM meta WHERE name = ?", (marker,)))


async def fold_killed(folder: Path, database: Database) -> int:
    """Fold what a killed run left, when the last of its processes has ended; return how many logs there were.

    Raises StoreError when one still writes after a minute.
    """
    if not (folder / FOLDER).is_dir():
        return 0
    lock, until = RunLock(folder / FOLDER), time.monotonic() + PATIENCE
    while True:
        try:
            lock.acquire()
            break
        except StoreError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.1)
    try:
        return await fold_left(folder, database)
    finally:
        lock.release()


def fold_at_rest(folder: Path) -> int:
    """Fold what a killed run left, for somebody who is about to read it; return how many logs there were.

    Nothing is done while the run or one of its workers is still there: then the shards that have ended can be read. What
    can't be folded is named in a warning, and stays.
    """
    left = len(list((folder / FOLDER).glob("*.sqlite")))
    if not left:
        return 0
    try:
        # In a thread, because whoever reads may be in an event loop.
        with (
            RunLock(folder, passing=True),
            RunLock(folder / FOLDER, passing=True),
            ThreadPoolExecutor(1) as pool,
        ):
            return pool.submit(asyncio.run, _fold_all(folder)).result()
    except InUse:
        return 0
    except StoreError as error:
        _log.warning("%d shards of a killed run are not folded in, what they hold is not shown: %s", left, error)
        return 0


async def _fold_all(folder: Path) -> int:
    database = Database(folder)
    try:
        return await fold_left(folder, database)
    finally:
        database.close()


async def fold_left(folder: Path, database: Database) -> int:
    """Fold all logs that lie in a run folder and that nobody writes to; return how many there were."""
    left = sorted((folder / FOLDER).glob("*.sqlite"))
    for path in left:
        await fold(path, database)
    return len(left)


def _known(database: Database, marker: str) -> bool:
    reader = database.reader()
    try:
        return reader.execute("SELECT 1 FROM meta WHERE name = ?", (marker,)).fetchone() is not None
    finally:
        reader.close()


def _statements(path: Path) -> list[Statement]:
    try:
        source = _open(path)
        if source is None:
            return []
        try:
            return _rows(source)
        finally:
            source.close()
    except sqlite3.Error as error:
        raise StoreError(f"{path}: can't be read ({error}); move it away to go on without what it holds") from error


def _open(path: Path) -> sqlite3.Connection | None:
    """The log, or None where its maker was killed before it had any table."""
    # Opened for writing once, so that what a killed process left in the write-ahead log is taken over.
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if schema.version(connection) == 0:
            return None
        schema.upgrade(connection)
    finally:
        connection.close()
    return open_reader(path)


def _rows(source: sqlite3.Connection) -> list[Statement]:
    # What a shard says of a candidate or a contest replaces all that was said of it.
    found: list[Statement] = [
        ("DELETE FROM verdicts WHERE revision = ? AND candidate = ?", row)
        for row in source.execute("SELECT DISTINCT revision, candidate FROM verdicts")
    ]
    found.extend(
        ("DELETE FROM comparisons WHERE revision = ? AND pair = ? AND iteration = ?", row)
        for row in source.execute("SELECT DISTINCT revision, pair, iteration FROM comparisons")
    )
    found.extend(
        (FAILED, row)
        for row in source.execute(f"SELECT {FAILED_COLUMNS} FROM failed_calls ORDER BY id")  # noqa: S608
    )
    found.extend((REUSE, row) for row in source.execute("SELECT revision, pass, purpose, reused, shared FROM reuse"))
    found.extend((AGAIN, row) for row in source.execute(_PAID))
    for table, insert in _COPIES:
        order = " ORDER BY rowid" if table in ("calls", "items") else ""
        found.extend(
            (f"{insert} INTO {table} VALUES ({', '.join('?' * len(row))})", row)
            for row in source.execute(f"SELECT * FROM {table}{order}")  # noqa: S608
        )
    return found
