"""Recording what is decided by hand: accept, reject, edit, choose another, take back. Each a row with who and when."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator, Sequence

import orjson

from duologue.errors import UsageError
from duologue.records import Conversation
from duologue.review.database import ReviewDatabase
from duologue.store.codec import clean, encode
from duologue.store.hand import COLUMNS, Action, Decision, basis_of, decision_of, fold

LONGEST = 10_000
"""Characters of one edited utterance."""


class Decisions:
    """The decisions of one review file."""

    def __init__(self, database: ReviewDatabase) -> None:
        self._database = database

    async def record(
        self,
        conversation: str,
        original: Sequence[str],
        action: Action,
        who: str,
        *,
        utterances: Sequence[str] | None = None,
        chosen: Conversation | None = None,
        note: str = "",
    ) -> Decision:
        """Store one decision on the text ``original``; it is on the disk when this returns.

        An edit is of the candidate that was chosen by hand, where one was. Raises UsageError for an edit with another
        number of utterances, an empty or too long one, and for a choice without a candidate.
        """
        said = None
        if action == "edit":
            stands = fold(self.of(conversation, original)).chosen
            said = edited(original if stands is None else stands.candidate.utterances, utterances or ())
        if (action == "choose") != (chosen is not None):
            raise UsageError("a choice names a candidate of the pair; go back to the conversation")
        made = Decision(
            conversation, basis_of(original), action, said, clean(note)[:2000], clean(who)[:200], time.time(), chosen
        )
        row = (
            made.conversation, made.basis, made.action, None if said is None else orjson.dumps(said).decode(),
            made.note, made.who, made.at, None if chosen is None else encode(chosen).decode(),
        )  # fmt: skip

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(f"INSERT INTO decisions ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608

        await asyncio.wrap_future(self._database.submit(job))
        return made

    def of(self, conversation: str, original: Sequence[str]) -> tuple[Decision, ...]:
        """The decisions on one text, oldest first."""
        rows = self._database.reader().execute(
            f"SELECT {COLUMNS} FROM decisions WHERE conversation = ? AND basis = ? ORDER BY id",  # noqa: S608
            (conversation, basis_of(original)),
        )
        return tuple(map(decision_of, rows))

    def newest(self, most: int) -> tuple[tuple[Decision, ...], int]:
        """The ``most`` newest decisions, the newest first, and how many there are in all."""
        reader = self._database.reader()
        rows = reader.execute(f"SELECT {COLUMNS} FROM decisions ORDER BY id DESC LIMIT ?", (most,)).fetchall()  # noqa: S608
        return tuple(map(decision_of, rows)), int(reader.execute("SELECT count(*) FROM decisions").fetchone()[0])

    def all(self) -> Iterator[Decision]:
        """Every decision, oldest first."""
        yield from map(
            decision_of,
            self._database.reader().execute(f"SELECT {COLUMNS} FROM decisions ORDER BY id"),  # noqa: S608
        )


def edited(original: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """The edited utterances, those that were not touched exactly as before. Raises UsageError; see ``record``."""
    if len(wanted) != len(original):
        raise UsageError(f"the edit has {len(wanted)} utterances, the conversation {len(original)}; reload the page")
    said = []
    for number, (old, new) in enumerate(zip(original, wanted, strict=True), 1):
        # A browser sends other line ends than it was given.
        text = clean(new).replace("\r\n", "\n").strip()
        if text == clean(old).replace("\r\n", "\n").replace("\r", "\n").strip():
            said.append(old)
            continue
        if not text:
            raise UsageError(f"utterance {number} is empty; reject the conversation instead")
        if len(text) > LONGEST:
            raise UsageError(f"utterance {number} has more than {LONGEST} characters; shorten it")
        said.append(text)
    return tuple(said)
