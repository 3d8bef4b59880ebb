"""The ledger of outcomes on SQLite: every item of every stage, and all that the critic said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from duologue.records import Candidate, Comparison, Conversation, Outcome, Pair, Stage, Verdict
from duologue.store.codec import clean, encode
from duologue.store.database import Database, Statement
from duologue.store.revisions import Revision

ITEM = "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_VERDICT = "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_COMPARISON = "INSERT INTO comparisons VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Listener(Protocol):
    """Someone who wants to know at once: the progress display."""

    def begin(self, stage: Stage, total: int | None, iteration: int) -> None:
        """A stage starts; ``total`` is None when the number of items is not known."""

    def outcome(self, outcome: Outcome) -> None:
        """An item ended."""


class SqlLedger:
    """A :class:`duologue.store.protocol.Ledger` that writes one revision's rows."""

    def __init__(self, database: Database, revision: Revision) -> None:
        self._database = database
        self._revision = revision.id
        self._pass = revision.pass_
        self._seq = 0
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Tell ``listener`` of every begin and outcome from now on."""
        self._listeners.append(listener)

    def tell(self, outcome: Outcome) -> None:
        """Tell the listeners of an outcome that is recorded elsewhere."""
        for listener in self._listeners:
            listener.outcome(outcome)

    def begin(self, stage: Stage, total: int | None, iteration: int = 0) -> None:
        """See the Protocol. Nothing is stored."""
        for listener in self._listeners:
            listener.begin(stage, total, iteration)

    def record(self, outcome: Outcome) -> None:
        """See the Protocol. Raises StoreError when an earlier write failed."""
        self._seq += 1
        row = (
            self._revision,
            outcome.stage,
            outcome.iteration,
            clean(outcome.item),
            outcome.status,
            clean(outcome.by),
            clean(outcome.reason),
            None if outcome.data is None else encode(outcome.data).decode(),
            _position(outcome.data),
            self._seq,
            self._pass,
        )
        self._database.post((ITEM, row))
        self.tell(outcome)

    def judged(self, candidate_id: str, verdicts: Sequence[Verdict]) -> None:
        """See the Protocol. Earlier verdicts on the candidate are replaced."""
        statements: list[Statement] = [
            ("DELETE FROM verdicts WHERE revision = ? AND candidate = ?", (self._revision, candidate_id))
        ]
        for seq, v in enumerate(verdicts):
            row = (
                self._revision,
                candidate_id,
                clean(v.expert),
                v.kind,
                float(v.value),
                bool(v.passed),
                clean(v.reason),
                encode(v.evidence).decode(),
                encode(v.utterances).decode(),
                seq,
                self._pass,
                encode(v.scores).decode(),
            )
            statements.append((_VERDICT, row))
        self._database.post(*statements)

    def compared(self, pair_id: str, iteration: int, comparisons: Sequence[Comparison]) -> None:
        """See the Protocol. Earlier comparisons of the pair and iteration are replaced."""
        statements: list[Statement] = [
            (
                "DELETE FROM comparisons WHERE revision = ? AND pair = ? AND iteration = ?",
                (self._revision, pair_id, iteration),
            )
        ]
        for seq, c in enumerate(comparisons):
            said = (clean(c.expert), c.first, c.second, c.winner, clean(c.reason))
            statements.append((_COMPARISON, (self._revision, pair_id, iteration, seq, *said, self._pass)))
        self._database.post(*statements)

    async def flush(self) -> None:
        """See the Protocol. Raises StoreError when something can't be written."""
        await self._database.flush()


def _position(data: object) -> int | None:
    """The place in the run's order of pairs, for what belongs to one pair."""
    if isinstance(data, Conversation):
        return data.candidate.pair.index
    if isinstance(data, Candidate):
        return data.pair.index
    if isinstance(data, Pair):
        return data.index
    return None
