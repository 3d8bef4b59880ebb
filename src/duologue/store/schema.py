"""The tables of ``run.sqlite`` and the check that a file is one this version can read.

``calls`` belong to the run folder and are shared by all its revisions; ``items``, ``verdicts`` and ``comparisons``
belong to one revision, that is to one configuration. ``pass`` counts how often a revision was started: rows of an
earlier pass that the current one did not make again are removed when it finishes.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from duologue.errors import StoreError

VERSION = 2
"""Raised with every change of the tables. A file of version 1 has no ``verdicts.scores``; it is read as it is, and gets
the column when it is opened for writing."""

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE revisions (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    config TEXT NOT NULL,
    state TEXT NOT NULL,
    pass INTEGER NOT NULL,
    started REAL NOT NULL,
    finished REAL,
    note TEXT NOT NULL DEFAULT ''
);

CREATE TABLE texts (hash TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE calls (
    key TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    model TEXT NOT NULL,
    request TEXT NOT NULL,
    answer TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    seconds REAL NOT NULL,
    attempts INTEGER NOT NULL,
    finished_at REAL NOT NULL,
    revision INTEGER NOT NULL
);

CREATE TABLE call_totals (
    purpose TEXT NOT NULL,
    model TEXT NOT NULL,
    calls INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    seconds REAL NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (purpose, model)
) WITHOUT ROWID;

CREATE TRIGGER calls_counted AFTER INSERT ON calls BEGIN
    INSERT INTO call_totals VALUES (
        new.purpose, new.model, 1, new.prompt_tokens, new.completion_tokens, new.cached_tokens, new.seconds, new.attempts
    ) ON CONFLICT (purpose, model) DO UPDATE SET
        calls = calls + 1,
        prompt_tokens = prompt_tokens + excluded.prompt_tokens,
        completion_tokens = completion_tokens + excluded.completion_tokens,
        cached_tokens = cached_tokens + excluded.cached_tokens,
        seconds = seconds + excluded.seconds,
        attempts = attempts + excluded.attempts;
END;

CREATE TABLE failed_calls (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    purpose TEXT NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    at REAL NOT NULL
);

CREATE TABLE reuse (
    revision INTEGER NOT NULL,
    pass INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    reused INTEGER NOT NULL,
    shared INTEGER NOT NULL,
    PRIMARY KEY (revision, pass, purpose)
) WITHOUT ROWID;

CREATE TABLE items (
    revision INTEGER NOT NULL,
    stage TEXT NOT NULL,
    iteration INTEGER NOT NULL,
    item TEXT NOT NULL,
    status TEXT NOT NULL,
    "by" TEXT NOT NULL,
    reason TEXT NOT NULL,
    data TEXT,
    position INTEGER,
    seq INTEGER NOT NULL,
    pass INTEGER NOT NULL,
    PRIMARY KEY (revision, stage, iteration, item)
);
CREATE INDEX items_in_order ON items (revision, stage, iteration, position, item) WHERE position IS NOT NULL;
CREATE INDEX items_by_end ON items (revision, stage, iteration, status, "by");

CREATE TABLE verdicts (
    revision INTEGER NOT NULL,
    candidate TEXT NOT NULL,
    expert TEXT NOT NULL,
    kind TEXT NOT NULL,
    value REAL,
    passed INTEGER NOT NULL,
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL,
    utterances TEXT NOT NULL,
    seq INTEGER NOT NULL,
    pass INTEGER NOT NULL,
    scores TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (revision, candidate, seq)
) WITHOUT ROWID;

CREATE TABLE comparisons (
    revision INTEGER NOT NULL,
    pair TEXT NOT NULL,
    iteration INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    expert TEXT NOT NULL,
    first TEXT NOT NULL,
    second TEXT NOT NULL,
    winner TEXT NOT NULL,
    reason TEXT NOT NULL,
    pass INTEGER NOT NULL,
    PRIMARY KEY (revision, pair, iteration, seq)
) WITHOUT ROWID;
"""


def create(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty file, in one transaction."""
    connection.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring a file of an earlier version, opened for writing, to this one. Other files are left alone."""
    if version(connection) == 1:
        connection.executescript(
            "BEGIN IMMEDIATE; ALTER TABLE verdicts ADD COLUMN scores TEXT NOT NULL DEFAULT '[]';"
            f" PRAGMA user_version = {VERSION}; COMMIT;"
        )


def version(connection: sqlite3.Connection) -> int:
    """The schema version of an open file; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError unless this version can read the file's tables."""
    found = version(connection)
    if 1 <= found <= VERSION:
        return
    if found > VERSION:
        raise StoreError(
            f"{path}: written by a newer duologue (schema {found}, this one knows {VERSION}); update duologue to read it"
        )
    raise StoreError(f"{path}: not a duologue run (schema {found}, expected {VERSION}); choose another folder")


def is_empty(connection: sqlite3.Connection) -> bool:
    """True when the file holds no table yet."""
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
