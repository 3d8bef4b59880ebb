"""Decisions by hand on the conversations of a run, as ``duologue review`` records them in ``review.sqlite``.

Every decision is a row of its own, never changed: who decided what of which text, and when. What holds now follows from
the rows in order: the latest acceptance or rejection, the latest choice of another candidate of the pair, and the latest
edit. A decision speaks of one text (``basis``), the run's own winner, so it does not carry over to another winner. Of a
pair of which no candidate won, that text is none (:func:`nobody`), and holds until one wins.
"""

from __future__ import annotations

import hashlib
import math
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import orjson

from duologue.errors import StoreError
from duologue.records import Candidate, Conversation, HandMark, Pair
from duologue.store.codec import of_plain

FILE_NAME = "review.sqlite"
TABLE = """
CREATE TABLE IF NOT EXISTS decisions (
    id INTEGER PRIMARY KEY,
    conversation TEXT NOT NULL,
    basis TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('accept', 'reject', 'edit', 'choose', 'restore', 'clear')),
    utterances TEXT,
    note TEXT NOT NULL,
    who TEXT NOT NULL,
    at REAL NOT NULL,
    chosen TEXT
);
CREATE INDEX IF NOT EXISTS decisions_of ON decisions (conversation, basis, id);
"""

COLUMNS = "conversation, basis, action, utterances, note, who, at, chosen"
"""Of the table, in the order of :class:`Decision`."""

Action = Literal["accept", "reject", "edit", "choose", "restore", "clear"]


@dataclass(frozen=True, slots=True)
class Decision:
    """One row. ``at`` is in seconds since 1970."""

    conversation: str
    """The conversation's id."""
    basis: str
    """Hash of the text decided on; see :func:`basis_of`."""
    action: Action
    utterances: tuple[str, ...] | None
    """The new text of an edit, as many utterances as before; else None."""
    note: str
    who: str
    at: float
    chosen: Conversation | None = None
    """The candidate that ``choose`` puts in the winner's place, with what was said of it; else None."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What holds of one conversation now."""

    status: Literal["", "accepted", "rejected"] = ""
    utterances: tuple[str, ...] | None = None
    """The edited text, or None."""
    chosen: Conversation | None = None
    """What stands in the winner's place, or None."""

    def after(self, decision: Decision) -> Hand:
        """What holds after one more decision."""
        if decision.action == "edit":
            return replace(self, utterances=decision.utterances)
        if decision.action == "choose":
            return replace(self, status="", utterances=None, chosen=decision.chosen)
        if decision.action == "restore":
            return replace(self, utterances=None, chosen=None)
        if decision.action == "clear":
            return replace(self, status="")
        return replace(self, status="accepted" if decision.action == "accept" else "rejected")

    @property
    def mark(self) -> HandMark:
        """In one word; an edit or choice that was accepted as well is ``edited`` or ``chosen``."""
        if self.status == "rejected":
            return "rejected"
        return "edited" if self.utterances is not None else "chosen" if self.chosen is not None else self.status


Hands = Mapping[tuple[str, str], Hand]
"""By conversation id and basis."""


def basis_of(utterances: Sequence[str]) -> str:
    """16 hex digits of a hash over the utterances as the run has them."""
    return hashlib.sha256("\x1f".join(utterances).encode("utf-8", "replace")).hexdigest()[:16]


def nobody(pair: Pair) -> Conversation:
    """What stands for a pair of which the run chose no candidate: a conversation without utterances, in no data set."""
    return Conversation(Candidate("", pair, 0, 0, 0, (), "turns", "", "", 0), ())


def fold(decisions: Sequence[Decision]) -> Hand:
    """What holds after ``decisions``, in their order."""
    hand = Hand()
    for decision in decisions:
        hand = hand.after(decision)
    return hand


def decision_of(row: tuple[object, ...]) -> Decision:
    """From a row of ``COLUMNS``."""
    said = None if row[3] is None else tuple(orjson.loads(str(row[3])))
    chosen = None if row[7] is None else _conversation(str(row[7]))
    return Decision(str(row[0]), str(row[1]), row[2], said, str(row[4]), str(row[5]), float(row[6]), chosen)  # type: ignore[arg-type]


def _conversation(text: str) -> Conversation:
    value = orjson.loads(text)
    for verdict in value["verdicts"]:
        # JSON has no word for what is no number.
        verdict["value"] = math.nan if verdict["value"] is None else verdict["value"]
    return of_plain(Conversation, value)


def read_hands(path: Path) -> dict[tuple[str, str], Hand]:
    """All that was decided, from ``review.sqlite``; empty where there is no such file.

    Raises StoreError when the file can't be read: leaving decisions out silently would export what was rejected.
    """
    if not path.is_file():
        return {}
    try:
        connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=30)
        try:
            names = {name for _, name, *_ in connection.execute("PRAGMA table_info(decisions)")}
            # The first files had no choices.
            columns = COLUMNS if "chosen" in names else COLUMNS.replace("chosen", "NULL")
            rows = connection.execute(f"SELECT {columns} FROM decisions ORDER BY id").fetchall()  # noqa: S608
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreError(
            f"{path}: the decisions made by hand can't be read ({error}); mend the file, or move it away to do without"
        ) from error
    hands: dict[tuple[str, str], Hand] = {}
    for row in rows:
        decision = decision_of(row)
        key = decision.conversation, decision.basis
        hands[key] = hands.get(key, Hand()).after(decision)
    return hands


def applied(conversation: Conversation, hands: Hands) -> Conversation | None:
    """The conversation as decided by hand; None when it was rejected, and of :func:`nobody` when none was chosen.

    Evidence about utterances that were edited is left out: nobody has judged the new text.
    """
    candidate = conversation.candidate
    hand = hands.get((conversation.id, basis_of(candidate.utterances))) if hands else None
    if not candidate.id and not candidate.utterances and (hand is None or hand.chosen is None):
        return None
    if hand is None or not hand.mark:
        return conversation
    if hand.mark == "rejected":
        return None
    if hand.chosen is not None:
        candidate = replace(hand.chosen.candidate, pair=candidate.pair)
        conversation = replace(hand.chosen, candidate=candidate)
    if hand.utterances is None or len(hand.utterances) != len(candidate.utterances):
        return replace(conversation, hand=hand.mark)
    changed = {i for i, (a, b) in enumerate(zip(candidate.utterances, hand.utterances, strict=True)) if a != b}
    verdicts = tuple(
        replace(v, evidence=tuple(e for e in v.evidence if e.utterance not in changed and e.other not in changed))
        for v in conversation.verdicts
    )
    edited = replace(candidate, utterances=hand.utterances)
    return replace(conversation, candidate=edited, verdicts=verdicts, hand=hand.mark)
