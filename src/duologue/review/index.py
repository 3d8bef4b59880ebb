"""The index that makes large runs quick to browse: one small row an item, its scores, and a full-text index.

It is derived and may be deleted at any time. It is filled in batches, so that pages show what is there while it grows;
each :meth:`Index.take` adds what a source has that the index lacks.

A row's number ``n`` follows from its position, so that numbers stand in the order of the list: a search reads matches in
that order and ends where the page is full, however many more there are. Each shelf (a stage and iteration) has a full-text
index of its own, so that a word which is common elsewhere costs nothing here.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from duologue.errors import StoreError

VERSION = 4
SLOTS = 1024
"""Numbers of one position: its rows of all stages and iterations, and those that replaced them while a run went on."""
NO_VALUE = -1.0e300
"""Stands for a score that is no number."""

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE rows (
    n INTEGER PRIMARY KEY,
    stage TEXT NOT NULL,
    iteration INTEGER NOT NULL,
    status TEXT NOT NULL,
    "by" TEXT NOT NULL,
    item TEXT NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    turns INTEGER NOT NULL,
    score REAL,
    hand TEXT NOT NULL DEFAULT '',
    source INTEGER NOT NULL,
    mark TEXT NOT NULL,
    data BLOB
);
CREATE INDEX rows_in_order ON rows (stage, iteration, n, status, "by", score, hand);
CREATE INDEX rows_by_end ON rows (stage, iteration, status, "by", n);
CREATE INDEX rows_by_name ON rows (name);
CREATE INDEX rows_by_item ON rows (item);
CREATE INDEX rows_by_source ON rows (source);
CREATE INDEX rows_by_hand ON rows (hand) WHERE hand != '';
CREATE TABLE experts (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL);
CREATE TABLE shelves (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE gone (n INTEGER PRIMARY KEY);
CREATE TABLE found (n INTEGER PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE scores (
    expert INTEGER NOT NULL,
    n INTEGER NOT NULL,
    shelf INTEGER NOT NULL,
    passed INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (expert, n)
) WITHOUT ROWID;
CREATE INDEX scores_by_value ON scores (expert, shelf, value, passed, n);
CREATE INDEX scores_by_verdict ON scores (expert, shelf, passed, n);
"""
_WORDS = """
CREATE VIRTUAL TABLE {} USING fts5(attributes, talk, content='', detail='column', tokenize="unicode61")
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item for the index."""

    stage: str
    iteration: int
    status: str
    by: str
    item: str
    """The item's id in its source."""
    name: str
    """What it is called on the page: the conversation's id for conversations."""
    title: str
    source: int
    """Its row in the source."""
    mark: str
    """Changes when the source's row changes."""
    position: int
    """Its place in the list of its stage and iteration, from 0."""
    turns: int = 0
    attributes: Sequence[str] = ()
    talk: Sequence[str] = ()
    scores: Sequence[tuple[str, str, bool, float]] = ()
    """(expert, kind, passed, value); a value that is no number is ``NO_VALUE``."""
    hand: str = ""
    data: bytes | None = None
    """The item itself, for sources that can't be asked for a single row."""


@dataclass(slots=True)
class Progress:
    """How far the index is."""

    done: int = 0
    total: int | None = None
    ready: bool = False
    """Whether all that the source had has been taken once."""
    error: str = ""


class Index:
    """The index file. One thread writes at a time, any number read. Close it."""

    def __init__(self, path: Path, source: str) -> None:
        """Open, or make anew where it is another version's or another ``source``'s. Raises StoreError."""
        self.path = path
        self.progress = Progress()
        self.stop: Callable[[], bool] = lambda: False
        """Asked between batches: whether to leave the rest for another time."""
        self._lock = threading.Lock()
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._experts: dict[str, int] = {}
        self._shelves: dict[str, int] = {}
        try:
            self._connection = self._open(source)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{path}: the index can't be opened ({error}); delete it and start again") from error
        self._experts = {name: id_ for id_, name in self._connection.execute("SELECT id, name FROM experts")}
        self._shelves = {name: id_ for id_, name in self._connection.execute("SELECT id, name FROM shelves")}

    def _open(self, source: str) -> sqlite3.Connection:
        for _ in range(2):
            connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
            with suppress(sqlite3.DatabaseError):
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("PRAGMA cache_size = -32000")
                if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                    connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
                    connection.execute("INSERT INTO meta VALUES ('source', ?)", (source,))
                found = connection.execute("SELECT value FROM meta WHERE name = 'source'").fetchone()
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if found == (source,) and version == VERSION:
                    return connection
            connection.close()
            # Nothing but what can be read again from the source.
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        raise StoreError(f"{self.path}: the index can't be made; check the folder's permissions and space")

    def reader(self) -> sqlite3.Connection:
        """The calling thread's own connection for reading."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA cache_size = -16000")
            connection.execute("PRAGMA mmap_size = 1073741824")
            self._local.connection = connection
            self._readers.append(connection)
        return connection

    def last_source(self) -> tuple[int, str]:
        """The highest row of the source that was taken, and its mark; (0, "") at first."""
        with self._lock:
            row = self._connection.execute("SELECT source, mark FROM rows ORDER BY source DESC LIMIT 1").fetchone()
            return (0, "") if row is None else (int(row[0]), str(row[1]))

    def marks(self) -> dict[int, str]:
        """By row of the source: the mark under which it was taken."""
        with self._lock:
            return dict(self._connection.execute("SELECT source, mark FROM rows"))

    def replaced(self, entries: Iterable[Entry]) -> list[int]:
        """Rows of the source that ``entries`` stand in for: same stage, iteration and item, another row."""
        query = "SELECT source FROM rows WHERE item = ? AND stage = ? AND iteration = ? AND source != ?"
        with self._lock:
            return [
                source
                for e in entries
                for (source,) in self._connection.execute(query, (e.item, e.stage, e.iteration, e.source))
            ]

    def drop(self, sources: Iterable[int]) -> None:
        """Forget rows of the source. Their words stay in the full-text index, and their numbers are not used again."""
        with self._lock:
            self._connection.execute("BEGIN")
            for source in sources:
                rows = self._connection.execute("SELECT n FROM rows WHERE source = ?", (source,)).fetchall()
                for (n,) in rows:
                    for expert in self._experts.values():
                        self._connection.execute("DELETE FROM scores WHERE expert = ? AND n = ?", (expert, n))
                self._connection.executemany("INSERT OR IGNORE INTO gone VALUES (?)", rows)
                self._connection.execute("DELETE FROM rows WHERE source = ?", (source,))
            self._connection.execute("COMMIT")

    def take(self, entries: Sequence[Entry]) -> None:
        """Add entries in one transaction. Raises StoreError when a position has no number left."""
        with self._lock:
            connection = self._connection
            connection.execute("BEGIN")
            rows, scores = [], []
            words: dict[str, list[tuple[int, str, str]]] = {}
            given: dict[int, int] = {}
            try:
                for entry in entries:
                    n = given[entry.position] = self._number(entry.position, given)
                    name = shelf(entry.stage, entry.iteration)
                    place = self._shelf(name)
                    rows.append((
                        n, entry.stage, entry.iteration, entry.status, entry.by, entry.item, entry.name, entry.title,
                        entry.turns, _mean(entry.scores), entry.hand, entry.source, entry.mark, entry.data,
                    ))  # fmt: skip
                    if entry.attributes or entry.talk:
                        said = (n, "\n".join(entry.attributes), "\n".join(entry.talk))
                        words.setdefault(name, []).append(said)
                    for expert, kind, passed, value in entry.scores:
                        scores.append((self._expert(expert, kind), n, place, int(passed), value))
                connection.executemany(f"INSERT INTO rows VALUES ({', '.join('?' * 14)})", rows)  # noqa: S608
                for name, texts in words.items():
                    # Out of order, each text would be written as a segment of its own.
                    insert = f"INSERT INTO {words_of_shelf(name)} (rowid, attributes, talk) VALUES (?, ?, ?)"  # noqa: S608
                    connection.executemany(insert, sorted(texts))
                connection.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?, ?)", scores)
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                for known, table in ((self._experts, "experts"), (self._shelves, "shelves")):
                    known.clear()
                    known.update((name, i) for i, name in connection.execute(f"SELECT id, name FROM {table}"))  # noqa: S608
                raise
            self.progress.done += len(entries)

    def set_hand(self, rows: Iterable[int], hand: str) -> None:
        """Note what was decided by hand of some rows."""
        with self._lock:
            self._connection.executemany("UPDATE rows SET hand = ? WHERE n = ?", [(hand, n) for n in rows])

    def set_found(self, n: int, data: str) -> None:
        """Keep what was found on demand about a row."""
        with self._lock:
            self._connection.execute("INSERT OR REPLACE INTO found VALUES (?, ?)", (n, data))

    def found(self, n: int) -> str | None:
        """What was found on demand about a row."""
        row = self.reader().execute("SELECT data FROM found WHERE n = ?", (n,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, name: str, value: str) -> None:
        """Keep a text with the index."""
        with self._lock:
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def meta(self, name: str) -> str | None:
        """A text kept with the index."""
        row = self.reader().execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            for connection in (*self._readers, self._connection):
                connection.close()
            self._readers.clear()

    def _number(self, position: int, given: dict[int, int]) -> int:
        """A number of the position that no row has or had."""
        low, high = position * SLOTS, (position + 1) * SLOTS
        last = given.get(position)
        if last is None:
            query = "SELECT max(coalesce((SELECT max(n) FROM rows WHERE n >= ?1 AND n < ?2), ?1 - 1), coalesce((SELECT max(n) FROM gone WHERE n >= ?1 AND n < ?2), ?1 - 1))"
            last = int(self._connection.execute(query, (low, high)).fetchone()[0])
        # Row 0 would be no address.
        made = max(last + 1, 1)
        if made >= high:
            raise StoreError(f"{self.path}: the index is worn out; delete it and start again")
        return made

    def _shelf(self, name: str) -> int:
        if name not in self._shelves:
            made = self._connection.execute("INSERT INTO shelves (name) VALUES (?)", (name,))
            self._connection.execute(_WORDS.format(words_of_shelf(name)))
            self._shelves[name] = int(made.lastrowid or 0)
        return self._shelves[name]

    def _expert(self, name: str, kind: str) -> int:
        if name not in self._experts:
            made = self._connection.execute("INSERT INTO experts (name, kind) VALUES (?, ?)", (name, kind))
            self._experts[name] = int(made.lastrowid or 0)
        return self._experts[name]


def shelf(stage: str, iteration: int) -> str:
    """The name of a stage and iteration in the index."""
    return f"{stage}{iteration}"


def words_of_shelf(name: str) -> str:
    """The full-text table of a shelf, quoted."""
    return '"words_' + name.replace('"', '""') + '"'


def _mean(scores: Sequence[tuple[str, str, bool, float]]) -> float | None:
    values = [value for _, kind, _, value in scores if kind == "quality" and value != NO_VALUE]
    return sum(values) / len(values) if values else None
