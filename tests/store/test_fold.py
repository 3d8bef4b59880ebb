"""Folding the log of a shard into a run's database."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from duologue.backends.protocol import Answer, Message, Request
from duologue.errors import StoreError
from duologue.records import Comparison, Outcome, Verdict
from duologue.store import revisions
from duologue.store.call_log import CallLog
from duologue.store.database import FILE_NAME, Database
from duologue.store.fold import FOLDER, fold, fold_left
from duologue.store.ledger import SqlLedger
from duologue.store.reading import RunReader
from duologue.store.revisions import Revision

LONG = "Answer in one sentence. " * 20


def request(text: str) -> Request:
    return Request("generator.turn", "m", (Message("system", LONG), Message("user", text)))


async def write(folder: Path, revision: Revision | None, said: str, seen: tuple[str, ...]) -> Revision:
    """A database with calls, a failed and a reused one, and an accepted candidate."""
    database = Database(folder)
    revision = revision or await revisions.begin(database, "f" * 64, {})
    log, ledger = CallLog(database, revision), SqlLedger(database, revision)
    for text in seen:
        await log.put(request(text).key, request(text), Answer(f"{said} {text}", "stop", 3, 1), 0.1, 1)
    log.failed("k", "judge.depth", "wasted", "cut off", 1, 5, 2)
    log.reused("judge.depth", 2, 1)
    ledger.judged("a", (Verdict("depth", "quality", 0.5, True, said),))
    ledger.compared("p", 1, (Comparison("depth", "a", "b", "first", said),))
    ledger.record(Outcome("candidate", "a", "accepted", "tournament", said, 1, {"pair": "p"}))
    await ledger.flush()
    log.close()
    database.close()
    return revision


@pytest.fixture
def run_and_shard(tmp_path: Path) -> tuple[Path, Path]:
    """A run with one call and another attempt at the candidate, and a shard with that call and one more."""

    async def both() -> None:
        revision = await write(tmp_path / "run", None, "old", ("one",))
        await write(tmp_path / "shard", revision, "new", ("one", "two"))

    asyncio.run(both())
    path = tmp_path / "run" / FOLDER / "s.sqlite"
    path.parent.mkdir()
    shutil.copy(tmp_path / "shard" / FILE_NAME, path)
    return tmp_path / "run", path


def within(folder: Path, work: Callable[[Database], Awaitable[object]]) -> None:
    async def go() -> None:
        database = Database(folder)
        try:
            await work(database)
        finally:
            database.close()

    asyncio.run(go())


def check(folder: Path) -> None:
    with RunReader(folder) as reader:
        calls = {call["answer"]["text"]: call["request"]["messages"][0]["content"] for call in reader.calls()}
        assert calls == {"old one": LONG, "new two": LONG}
        assert [(total.calls, total.prompt_tokens) for total in reader.call_totals()] == [(2, 6)]
        wasted = [(failed["kind"], failed["prompt_tokens"]) for failed in reader.failed_calls()]
        assert wasted == [("wasted", 5), ("wasted", 5), ("wasted", 3)]
        assert reader.reuse() == {"judge.depth": (4, 2)}
        assert [verdict.reason for verdict in reader.verdicts("a")] == ["new"]
        assert [comparison.reason for comparison in reader.comparisons("p", 1)] == ["new"]
        assert [item.reason for item in reader.items("candidate")] == ["new"]
        assert reader.meta("folded:s.sqlite") is None


def test_what_the_shard_holds_is_the_runs(run_and_shard: tuple[Path, Path]) -> None:
    folder, path = run_and_shard
    within(folder, lambda database: fold(path, database))
    assert not path.exists()
    check(folder)


def test_a_log_of_the_first_version_is_folded(run_and_shard: tuple[Path, Path]) -> None:
    folder, path = run_and_shard
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE verdicts DROP COLUMN scores")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    within(folder, lambda database: fold(path, database))
    check(folder)


def test_a_kill_between_folding_and_deleting_counts_nothing_twice(
    run_and_shard: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, path = run_and_shard

    async def killed(database: Database) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", _killed)
            with pytest.raises(OSError, match="killed"):
                await fold(path, database)

    within(folder, killed)
    assert path.exists()
    within(folder, lambda database: fold_left(folder, database))
    assert not path.exists()
    check(folder)


def test_what_two_shards_paid_for_is_counted_twice(run_and_shard: tuple[Path, Path]) -> None:
    """Three calls of three tokens, one of them paid for twice, and in each log a wasted one of five."""
    folder, path = run_and_shard

    async def count(database: Database) -> None:
        await fold(path, database)
        with RunReader(folder) as reader:
            log = CallLog(database, reader.revision())
        assert log.spent() == (3 * 3 + 2 * 5, 3 + 2 * 2)
        log.close()

    within(folder, count)


def test_a_file_that_is_no_log_is_named(run_and_shard: tuple[Path, Path]) -> None:
    folder, path = run_and_shard
    path.write_bytes(b"nothing like a database " * 100)

    async def refused(database: Database) -> None:
        with pytest.raises(StoreError, match=r"s\.sqlite"):
            await fold_left(folder, database)

    within(folder, refused)
    assert path.exists()


def _killed(*_: object, **__: object) -> None:
    raise OSError("killed")
