"""The hub: keeps the shards' logs on the driver's machine, hands out work, and knows what the whole run has spent.

A plain class, made an actor by :mod:`duologue.executors.ray.executor`. It is the only writer of the shards' logs and only
reads the run's database. It is not started again when it is lost; then the run ends and is resumed from its files.
"""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from duologue.engine.usage import NOTHING, Usage, plus
from duologue.errors import StoreError
from duologue.executors.ray.messages import News, Places, Reply, Statements, Work
from duologue.records import Outcome
from duologue.store import schema
from duologue.store.call_log import FAILED, PUT
from duologue.store.database import FILE_NAME, open_reader
from duologue.store.fold import FOLDER
from duologue.store.ledger import ITEM
from duologue.store.lock import RunLock
from duologue.store.revisions import Revision

_GET_ITEM = "SELECT * FROM items WHERE revision = ? AND stage = ? AND iteration = ? AND item = ?"
_GET_PAIRS = (
    "SELECT item, data FROM items WHERE revision = ? AND stage = 'pair' AND iteration = 0 AND pass = ?"
    " AND position >= ? AND position < ? ORDER BY position"
)
_GET_CALLS = "SELECT key, answer, prompt_tokens, completion_tokens, cached_tokens FROM calls WHERE key IN ({})"

_LATE = "-late"
"""Ends the name of the log of what was paid for after a shard was taken over."""

FoundCall = tuple[str, int, int, int]
"""A logged answer as :func:`duologue.store.call_log.unpack_answer` takes it."""


class Hub:
    """One per run."""

    def __init__(
        self, folder: str, revision: Revision, champions: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``folder`` is the run's; ``champions`` says whether shards get the winners of the iteration before."""
        self._folder = Path(folder) / FOLDER
        self._folder.mkdir(exist_ok=True)
        self._lock = RunLock(self._folder)
        self._locked = False
        self._run = open_reader(Path(folder) / FILE_NAME)
        self._clock = clock
        self._revision = revision
        self._champions = champions
        self._numbers = itertools.count()
        self._iteration = 0
        self._pairs: dict[str, Places] = {}
        self._attempts: dict[str, int] = {}
        self._holders: dict[str, tuple[Any, float]] = {}
        """By shard that is worked on: the worker's handle and when it was last heard of."""
        self._logs: dict[str, sqlite3.Connection] = {}
        self._ended: set[str] = set()
        self._base = (0, 0)
        self._used: dict[tuple[str, int], Usage] = {}
        self._usage = self._before = NOTHING
        self._news: list[Outcome] = []
        self._told: dict[str, set[tuple[str, str]]] = {}
        self._stop: str | None = None

    def enter(self) -> int:
        """A number for a new worker, from 0."""
        return next(self._numbers)

    def plan(self, iteration: int, shards: dict[str, Places], spent: tuple[int, int]) -> None:
        """Take an iteration's shards (name to indices of pairs) and the tokens that the run has spent until now."""
        if not self._locked:
            # A driver that goes on after this one was killed waits until nobody writes here any more.
            self._lock.acquire()
            self._locked = True
        self._iteration, self._pairs, self._base = iteration, shards, spent
        self._attempts.clear()
        self._holders.clear()
        self._ended.clear()
        self._used.clear()
        self._before = self._usage

    def work(self, shard: str, worker: Any = None) -> Work | None:
        """The shard for a new attempt, with what earlier ones left; None when it has ended, or the plan has. Older attempts are cut off.

        ``worker`` is the handle of whoever asks, for :meth:`silent`.
        """
        if shard in self._ended or not self._locked:
            return None
        self._holders[shard] = worker, self._clock()
        attempt = self._attempts[shard] = self._attempts.get(shard, 0) + 1
        pairs = self._pairs_of(shard)
        champions: tuple[tuple[object, ...], ...] = ()
        if self._champions and self._iteration > 1:
            rows = (self._row("conversation", self._iteration - 1, pair) for pair, _ in pairs)
            champions = tuple(row for row in rows if row is not None)
        self._used[shard, attempt] = NOTHING
        return Work(attempt, tuple(data for _, data in pairs), champions, self._left(shard), self._spent())

    def write(self, shard: str, attempt: int, statements: Statements, usage: Usage) -> Reply:
        """Make an attempt's rows durable and take note of its counts so far.

        Of an attempt that was cut off only what it paid for is noted.
        """
        if self._attempts.get(shard) != attempt or shard in self._ended:
            if (shard, attempt) in self._used:
                if paid := _paid(statements):
                    # In a log of its own: the shard's may be folded at this moment.
                    self._write(f"{shard}{_LATE}", paid)
                self._count(shard, attempt, usage)
            return Reply((0, 0), "another worker has taken over the shard")
        self._holders[shard] = self._holders[shard][0], self._clock()
        if statements:
            self._write(shard, statements)
            self._note(shard, statements)
        self._count(shard, attempt, usage)
        prompt, completion = self._spent()
        return Reply((prompt - usage.prompt_tokens, completion - usage.completion_tokens), self._stop)

    def end(self, shard: str, attempt: int) -> None:
        """An attempt has done all it can: its log is closed, and the driver may fold it."""
        if self._attempts.get(shard) == attempt:
            self._ended.add(shard)
            self._holders.pop(shard, None)
            self._told.pop(shard, None)
            self._close(shard)

    def find(self, keys: list[str]) -> dict[str, FoundCall]:
        """Answers that the run's database holds, by key."""
        rows = self._run.execute(_GET_CALLS.format(", ".join("?" * len(keys))), keys)
        return {key: (answer, *tokens) for key, answer, *tokens in rows}

    def stop(self, reason: str) -> None:
        """Have all workers end."""
        self._stop = self._stop or reason

    def news(self) -> News:
        """What happened since the last time."""
        outcomes, self._news = self._news, []
        return News(outcomes, self._usage, len(self._holders))

    def silent(self, seconds: float) -> list[Any]:
        """Handles of the workers, when none of them was heard of for so long; else an empty list.

        Ray gives a lost worker's shard to nobody else until there is room to start the worker again.
        """
        now = self._clock()
        if any(now - heard < seconds for _, heard in self._holders.values()):
            return []
        return [worker for worker, _ in self._holders.values()]

    def close(self) -> None:
        """Close all logs and cut all attempts off, until there is a further plan.

        A worker that is still there hears that its shard was taken over: the driver folds and deletes the logs next.
        """
        self._attempts.clear()
        self._used.clear()
        self._holders.clear()
        for shard in list(self._logs):
            self._close(shard)
        if self._locked:
            self._lock.release()
            self._locked = False

    def _count(self, shard: str, attempt: int, usage: Usage) -> None:
        self._usage = plus(self._usage, plus(usage, self._used[shard, attempt], -1))
        self._used[shard, attempt] = usage

    def _spent(self) -> tuple[int, int]:
        made = plus(self._usage, self._before, -1)
        return self._base[0] + made.prompt_tokens, self._base[1] + made.completion_tokens

    def _row(self, stage: str, iteration: int, item: str) -> tuple[object, ...] | None:
        found: tuple[object, ...] | None = self._run.execute(
            _GET_ITEM, (self._revision.id, stage, iteration, item)
        ).fetchone()
        return found

    def _pairs_of(self, shard: str) -> list[tuple[str, str]]:
        """(id, JSON) of a shard's pairs."""
        found: list[tuple[str, str]] = []
        for places in self._pairs[shard]:
            rows = self._run.execute(
                _GET_PAIRS, (self._revision.id, self._revision.pass_, places.start, places.stop)
            ).fetchall()
            if len(rows) != len(places):
                raise StoreError(
                    f"{self._folder.parent}: of the pairs {places.start} to {places.stop - 1} there are {len(rows)}, not "
                    f"{len(places)}; run the same command again"
                )
            found.extend(rows)
        return found

    def _path(self, shard: str) -> Path:
        return self._folder / f"{shard}.sqlite"

    def _write(self, shard: str, statements: Statements) -> None:
        log = self._logs.get(shard)
        if log is None:
            log = self._logs[shard] = sqlite3.connect(self._path(shard), timeout=30, isolation_level=None)
            log.execute("PRAGMA journal_mode = WAL")
            log.execute("PRAGMA synchronous = NORMAL")
            if schema.is_empty(log):
                schema.create(log)
        log.execute("BEGIN IMMEDIATE")
        try:
            for sql, parameters in statements:
                log.execute(sql, parameters)
        except BaseException:
            log.execute("ROLLBACK")
            raise
        log.execute("COMMIT")

    def _left(self, shard: str) -> bytes | None:
        self._close(shard)
        path = self._path(shard)
        return path.read_bytes() if path.exists() else None

    def _close(self, shard: str) -> None:
        log = self._logs.pop(shard, None)
        if log is not None:
            log.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            log.close()

    def _note(self, shard: str, statements: Statements) -> None:
        """Keep the outcomes for whoever follows the run; what a further attempt repeats is told once."""
        told = self._told.setdefault(shard, set())
        for sql, row in statements:
            if sql != ITEM:
                continue
            _, stage, iteration, item, status, by, reason, *_ = row
            if (stage, item) not in told:
                told.add((stage, item))  # type: ignore[arg-type]
                self._news.append(Outcome(stage, item, status, by, reason, iteration))  # type: ignore[arg-type]


def _paid(statements: Statements) -> Statements:
    """What rows of a cut off attempt cost, as rows of calls whose answers were not used."""
    found: Statements = []
    for sql, row in statements:
        if sql == FAILED:
            found.append((sql, row))
        elif sql == PUT:
            key, purpose, _, _, _, prompt, completion, _, _, attempts, at, _ = row
            why = "answered after its shard was taken over"
            found.append((FAILED, (key, purpose, "wasted", why, attempts, prompt, completion, at)))
    return found
