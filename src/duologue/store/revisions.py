"""Revisions: a run folder may be run again with an edited configuration, and keeps what each configuration made."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from duologue.store.codec import encode
from duologue.store.database import Database

State = Literal["running", "finished", "stopped", "failed"]

COLUMNS = "id, fingerprint, config, state, pass, started, finished, note"

_PAIRS = "SELECT item FROM items WHERE revision = ?1 AND stage = 'pair' AND status = 'accepted'"
_OUTDATED = (
    "DELETE FROM items WHERE revision = ?1 AND pass < ?2 AND stage NOT IN ('candidate', 'conversation')",
    "DELETE FROM items WHERE revision = ?1 AND pass < ?2 AND stage IN ('candidate', 'conversation')"  # noqa: S608
    f" AND CASE stage WHEN 'candidate' THEN json_extract(data, '$.pair') ELSE item END NOT IN ({_PAIRS})",
    f"DELETE FROM comparisons WHERE revision = ?1 AND pass < ?2 AND pair NOT IN ({_PAIRS})",  # noqa: S608
    "DELETE FROM verdicts WHERE revision = ?1 AND pass < ?2"
    " AND candidate NOT IN (SELECT item FROM items WHERE revision = ?1 AND stage = 'candidate')",
)
"""In this order: the pairs that are left first are those of this pass."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One configuration of a run folder. Times are seconds since 1970 (UTC)."""

    id: int
    fingerprint: str
    config: dict[str, Any]
    state: State
    pass_: int
    """How often it was started, from 1."""
    started: float
    """When its latest pass began."""
    finished: float | None
    """When its latest pass ended; None while it runs, and after a kill."""
    note: str
    """Why it stopped, or empty."""

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> Revision:
        """From a row of ``COLUMNS``."""
        return cls(row[0], row[1], orjson.loads(row[2]), *row[3:])


async def begin(database: Database, fingerprint: str, config: object) -> Revision:
    """Start, or start again, the revision of a configuration. ``config`` is any JSON value or record."""
    await database.write(
        (
            "INSERT INTO revisions (fingerprint, config, state, pass, started) VALUES (?, ?, 'running', 1, ?)"
            " ON CONFLICT (fingerprint) DO UPDATE SET state = 'running', pass = pass + 1,"
            " started = excluded.started, finished = NULL, note = ''",
            (fingerprint, encode(config).decode(), time.time()),
        )
    )
    reader = database.reader()
    try:
        row = reader.execute(f"SELECT {COLUMNS} FROM revisions WHERE fingerprint = ?", (fingerprint,)).fetchone()  # noqa: S608
    finally:
        reader.close()
    return Revision.of(row)


async def end(database: Database, revision: Revision, state: State, note: str = "") -> None:
    """End a pass. A finished one drops the users and pairs of earlier passes that it did not make again, and their talks.

    Candidates and conversations of its own pairs stay, whatever pass made them: it takes over what is there.
    """
    outdated = _OUTDATED if state == "finished" and revision.pass_ > 1 else ()
    statements = [(sql, (revision.id, revision.pass_)) for sql in outdated]
    ending = (
        "UPDATE revisions SET state = ?, finished = ?, note = ? WHERE id = ?",
        (state, time.time(), note, revision.id),
    )
    await database.write(*statements, ending)
