"""Reading a run folder: for stats, show, calls and export. Works while the run goes on."""

from __future__ import annotations

import heapq
import math
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import orjson

from duologue.errors import StoreError
from duologue.records import Candidate, Comparison, Conversation, Evidence, Pair, Profile, Stage, Status, Verdict
from duologue.store import hand, schema
from duologue.store.call_log import FAILED_COLUMNS, unpack_request
from duologue.store.codec import decode
from duologue.store.database import FILE_NAME, open_reader
from duologue.store.fold import fold_at_rest
from duologue.store.revisions import COLUMNS, Revision

T = TypeVar("T", Candidate, Conversation, Pair, Profile)
_NOTHING = hand.basis_of(())
_UNPAIRED = (
    "SELECT item FROM items WHERE revision = ?1 AND stage = 'pair'"
    " AND pass < (SELECT max(pass) FROM items WHERE revision = ?1 AND stage = 'pair')"
)
"""Pairs that the latest pairing did not make again; their rows go when the run finishes."""
_SO_FAR = (
    "rowid IN (SELECT id FROM (SELECT rowid AS id,"  # noqa: S608
    " max(CASE WHEN iteration = 0 AND pass = ?2 THEN 1e9 ELSE iteration END)"
    " FROM items WHERE revision = ?1 AND stage = 'conversation' AND status = 'accepted' GROUP BY item))"
    f" AND item NOT IN ({_UNPAIRED})"
)
"""Each pair's newest winner; as the pass ``?2`` put it into the data set where it came so far, with the pair as it is now."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many items of a stage and iteration ended in one way."""

    stage: Stage
    iteration: int
    status: Status
    by: str
    n: int


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the ledger. ``data`` is JSON text, or None; see :meth:`record`."""

    stage: Stage
    iteration: int
    item: str
    status: Status
    by: str
    reason: str
    data: str | None

    def record(self, kind: type[T]) -> T:
        """The stored record. Raises StoreError when there is none of this kind."""
        try:
            return decode(kind, self.data or "")
        except ValueError as error:
            raise StoreError(f"item {self.item} of stage {self.stage}: holds no {kind.__name__}") from error

    def value(self) -> Any:
        """The stored data as plain JSON, or None."""
        return None if self.data is None else orjson.loads(self.data)


@dataclass(frozen=True, slots=True)
class CallTotal:
    """All logged calls of one purpose to one model. ``seconds`` is the sum over calls, which overlap in time."""

    purpose: str
    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    seconds: float
    attempts: int


class RunReader:
    """A run folder, opened read-only. ``revision_id`` None means the one started last. A context manager.

    What shards of a killed run hold (executor ray) is taken into its database first.
    """

    def __init__(self, folder: Path | str, revision_id: int | None = None) -> None:
        """Raises StoreError, in one line, when the folder holds no run or no such revision."""
        self.folder = Path(folder)
        self._connection: sqlite3.Connection = open_reader(self.folder / FILE_NAME)
        fold_at_rest(self.folder)
        where = "ORDER BY started DESC, id DESC LIMIT 1" if revision_id is None else "WHERE id = ?"
        parameters = () if revision_id is None else (revision_id,)
        row = self._connection.execute(f"SELECT {COLUMNS} FROM revisions {where}", parameters).fetchone()  # noqa: S608
        if row is None:
            self._connection.close()
            which = "nothing was run in it yet" if revision_id is None else f"it has no revision {revision_id}"
            raise StoreError(f"{self.folder}: {which}; run `duologue run --out {self.folder}` first")
        self._revision = Revision.of(row)
        self._scores = "scores" if schema.version(self._connection) > 1 else "'[]'"

    def revision(self) -> Revision:
        """The revision that is read."""
        return self._revision

    def revisions(self) -> tuple[Revision, ...]:
        """All revisions of the folder, oldest first."""
        rows = self._connection.execute(f"SELECT {COLUMNS} FROM revisions ORDER BY id")  # noqa: S608
        return tuple(Revision.of(row) for row in rows)

    def meta(self, name: str) -> str | None:
        """A note of the run folder, or None."""
        row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def counts(self) -> tuple[Count, ...]:
        """Items by stage, iteration, status and who decided; stages in the order in which they began."""
        rows = self._connection.execute(
            'SELECT stage, iteration, status, "by", count(*) FROM items WHERE revision = ?'
            ' GROUP BY stage, iteration, status, "by" ORDER BY iteration, min(seq)',
            (self._revision.id,),
        )
        return tuple(Count(*row) for row in rows)

    def items(
        self, stage: Stage, *, status: Status | None = None, iteration: int | None = None, item: str | None = None
    ) -> Iterator[Item]:
        """The items of a stage, by iteration, then in order of pair index where there is one, then as recorded."""
        query = 'SELECT stage, iteration, item, status, "by", reason, data FROM items WHERE revision = ? AND stage = ?'
        parameters: list[object] = [self._revision.id, stage]
        for column, wanted in (("iteration", iteration), ("status", status), ("item", item)):
            if wanted is not None:
                query += f" AND {column} = ?"
                parameters.append(wanted)
        for row in self._connection.execute(query + " ORDER BY iteration, position, seq", parameters):
            yield Item(*row)

    def conversations(self, iteration: int = 0, *, by_hand: bool = True) -> Iterator[Conversation]:
        """The conversations of the data set (iteration 0), or of one iteration, in order of pair index.

        Of a run that has not finished, the data set is each pair's newest winner so far. Decisions made by hand
        in a review hold for the data set: rejected conversations are left out, edited ones have the new text, and pairs
        of which no candidate won have the one that was chosen for them. ``by_hand`` False gives it as the run made it.
        """
        hands = hand.read_hands(self.folder / hand.FILE_NAME) if by_hand and iteration == 0 else {}
        chosen, which = "iteration = ?2", iteration
        if iteration == 0 and self._revision.state != "finished":
            chosen, which = _SO_FAR, self._revision.pass_
        rows = self._connection.execute(
            f"SELECT data FROM items WHERE revision = ?1 AND stage = 'conversation' AND {chosen}"  # noqa: S608
            " AND position IS NOT NULL AND status = 'accepted' ORDER BY position, item",
            (self._revision.id, which),
        )
        own = (hand.applied(decode(Conversation, data), hands) for (data,) in rows)
        yield from heapq.merge((c for c in own if c is not None), self._taken_in(hands), key=_order)

    def standing(self, pair: str) -> Item | None:
        """The run's own conversation of a pair in the data set, or how it failed; None while neither is known.

        Of a run that has not finished, it is the newest winner so far.
        """
        state = self._connection.execute("SELECT state FROM revisions WHERE id = ?", (self._revision.id,)).fetchone()
        loop = self._revision.config.get("loop") or {}
        iterations = list(range(int(loop.get("iterations", 1)), 0, -1))
        failed = None
        for iteration in (0, *iterations) if state == ("finished",) else (*iterations, 0):
            for item in self.items("conversation", iteration=iteration, item=pair):
                if item.status == "accepted" and item.data is not None:
                    return item
                failed = failed or item
        return failed

    def taken_in(self) -> tuple[Conversation, ...]:
        """The conversations that people chose for pairs of which no candidate won, in order of pair index."""
        return tuple(self._taken_in(hand.read_hands(self.folder / hand.FILE_NAME)))

    def _taken_in(self, hands: hand.Hands) -> list[Conversation]:
        found = []
        for (name, basis), decided in hands.items():
            if basis != _NOTHING or decided.chosen is None:
                continue
            pair = "p-" + name.removeprefix("c-")
            stands = self.standing(pair)
            made = self.pair(pair) if stands is not None and stands.status != "accepted" else None
            chosen = None if made is None else hand.applied(hand.nobody(made), hands)
            if chosen is not None:
                found.append(chosen)
        return sorted(found, key=_order)

    def pair(self, id_: str) -> Pair | None:
        """A pair of the run; None where there is no such one."""
        for item in self.items("pair", status="accepted", iteration=0, item=id_):
            return item.record(Pair) if item.data is not None else None
        return None

    def progress(self) -> tuple[int, int]:
        """(pairs that have a conversation, pairs that were made); the rest has failed or is still to be done."""
        query = (
            "SELECT (SELECT count(DISTINCT item) FROM items WHERE revision = ?1 AND stage = 'conversation'"  # noqa: S608
            f" AND status = 'accepted' AND item NOT IN ({_UNPAIRED})), (SELECT count(*) FROM items WHERE revision = ?1"
            f" AND stage = 'pair' AND status = 'accepted' AND item NOT IN ({_UNPAIRED}))"
        )
        done, pairs = self._connection.execute(query, (self._revision.id,)).fetchone()
        return done, pairs

    def verdicts(self, candidate: str) -> tuple[Verdict, ...]:
        """All verdicts on a candidate, in the order in which they were given."""
        rows = self._connection.execute(
            f"SELECT expert, kind, value, passed, reason, evidence, utterances, {self._scores} FROM verdicts"  # noqa: S608
            " WHERE revision = ? AND candidate = ? ORDER BY seq",
            (self._revision.id, candidate),
        )
        return tuple(
            Verdict(
                expert,
                kind,
                math.nan if value is None else value,
                bool(passed),
                reason,
                tuple(Evidence(**e) for e in orjson.loads(evidence)),
                tuple(orjson.loads(utterances)),
                tuple(math.nan if score is None else score for score in orjson.loads(scores)),
            )
            for expert, kind, value, passed, reason, evidence, utterances, scores in rows
        )

    def judged(self, item: Item) -> Conversation | None:
        """A candidate, given its row, with all that was said of it, in the form of its pair's conversation.

        None where nothing was written: it failed, or was given up before it was whole.
        """
        value = item.value()
        if not isinstance(value, Mapping) or not value.get("utterances"):
            return None
        pair = self.pair(str(value.get("pair")))
        if pair is None:
            return None
        candidate = Candidate(
            item.item,
            pair,
            item.iteration,
            int(value.get("attempt", 0)),
            int(value.get("sample", 0)),
            tuple(value["utterances"]),
            value.get("mode", "turns"),
            str(value.get("model", "")),
            str(value.get("prompt_hash", "")),
            int(self._revision.config.get("seed", 0)),
        )
        return Conversation(candidate, self.verdicts(item.item))

    def expert_counts(self) -> tuple[tuple[str, str, int, int], ...]:
        """(expert, kind, verdicts, passed) of every expert."""
        rows = self._connection.execute(
            "SELECT expert, kind, count(*), sum(passed) FROM verdicts WHERE revision = ?"
            " GROUP BY expert, kind ORDER BY kind, expert",
            (self._revision.id,),
        )
        return tuple(rows)

    def comparisons(self, pair: str, iteration: int) -> tuple[Comparison, ...]:
        """The comparisons that chose a pair's winner."""
        rows = self._connection.execute(
            "SELECT expert, first, second, winner, reason FROM comparisons"
            " WHERE revision = ? AND pair = ? AND iteration = ? ORDER BY seq",
            (self._revision.id, pair, iteration),
        )
        return tuple(Comparison(*row) for row in rows)

    def asked_both_ways(self) -> tuple[str, ...]:
        """Names of the experts that were shown candidates in both orders: those that ask a language model.

        A tournament shows the candidate with the lower id first, and only then, and only to them, the other.
        """
        rows = self._connection.execute(
            "SELECT DISTINCT expert FROM comparisons WHERE revision = ? AND first > second ORDER BY expert",
            (self._revision.id,),
        )
        return tuple(name for (name,) in rows)

    def all_comparisons(self) -> Iterator[tuple[str, int, Comparison]]:
        """(pair, iteration, comparison) of every tournament, those of one tournament together."""
        rows = self._connection.execute(
            "SELECT pair, iteration, expert, first, second, winner, reason FROM comparisons"
            " WHERE revision = ? ORDER BY pair, iteration, seq",
            (self._revision.id,),
        )
        for pair, iteration, *said in rows:
            yield pair, iteration, Comparison(*said)

    def quality_values(self, candidate: str) -> dict[str, float]:
        """By expert, the values of a candidate's verdicts of kind ``quality``."""
        rows = self._connection.execute(
            "SELECT expert, value FROM verdicts WHERE revision = ? AND candidate = ? AND kind = 'quality'",
            (self._revision.id, candidate),
        )
        return {expert: math.nan if value is None else value for expert, value in rows}

    def call_totals(self) -> tuple[CallTotal, ...]:
        """Logged calls of the folder by purpose and model."""
        rows = self._connection.execute(
            "SELECT purpose, model, calls, prompt_tokens, completion_tokens, cached_tokens, seconds, attempts"
            " FROM call_totals ORDER BY purpose, model"
        )
        return tuple(CallTotal(*row) for row in rows)

    def call_keys(self) -> frozenset[str]:
        """The keys of all logged calls."""
        return frozenset(key for (key,) in self._connection.execute("SELECT key FROM calls"))

    def reuse(self) -> dict[str, tuple[int, int]]:
        """By purpose: calls that the revision's latest pass took from the log, and from a twin in flight."""
        rows = self._connection.execute(
            "SELECT purpose, reused, shared FROM reuse WHERE revision = ? AND pass = ? ORDER BY purpose",
            (self._revision.id, self._revision.pass_),
        )
        return {purpose: (reused, shared) for purpose, reused, shared in rows}

    def failed_calls(self) -> Iterator[dict[str, Any]]:
        """Calls that were given up, and (kind ``wasted``) paid answers that could not be used; ``at`` in seconds since 1970."""
        for row in self._connection.execute(f"SELECT {FAILED_COLUMNS} FROM failed_calls ORDER BY id"):  # noqa: S608
            yield dict(zip(FAILED_COLUMNS.split(", "), row, strict=True))

    def calls(self, *, slowest: int | None = None) -> Iterator[dict[str, Any]]:
        """The log itself, oldest first, or the ``slowest`` calls; requests and answers as plain JSON."""
        names = ("key", "purpose", "model", "request", "answer", "prompt_tokens", "completion_tokens", "cached_tokens",
                 "seconds", "attempts", "finished_at", "revision")  # fmt: skip
        order = "rowid" if slowest is None else "seconds DESC, key LIMIT ?"
        rows = self._connection.execute(
            f"SELECT {', '.join(names)} FROM calls ORDER BY {order}",  # noqa: S608
            () if slowest is None else (slowest,),
        )
        for row in rows:
            call = dict(zip(names, row, strict=True))
            call["request"] = unpack_request(call["request"], self._text)
            call["answer"] = orjson.loads(call["answer"])
            yield call

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> RunReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _text(self, digest: str) -> str:
        row = self._connection.execute("SELECT text FROM texts WHERE hash = ?", (digest,)).fetchone()
        if row is None:
            raise StoreError(
                f"{self.folder / FILE_NAME}: a logged call's text {digest} is missing; is the file damaged?"
            )
        return str(row[0])


def _order(conversation: Conversation) -> tuple[int, str]:
    """By place in the run's order of pairs."""
    pair = conversation.candidate.pair
    return pair.index, pair.id
