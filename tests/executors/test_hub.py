"""The hub by itself, without Ray: logs of shards, attempts, spending, news."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from duologue.engine.usage import NOTHING, plus
from duologue.errors import StoreError
from duologue.executors.ray.hub import Hub
from duologue.records import Attribute, Outcome, Pair, Profile
from duologue.store import fold as store_fold
from duologue.store import revisions
from duologue.store.call_log import FAILED, PUT, CallLog
from duologue.store.database import Database, Statement
from duologue.store.fold import fold_killed, fold_left
from duologue.store.ledger import ITEM, SqlLedger
from duologue.store.lock import RunLock
from duologue.store.reading import RunReader

CALL = "INSERT OR IGNORE INTO calls VALUES (?, 'generator.turn', 'm', '{\"messages\": []}', '{\"text\": \"Ho\"}', 3, 1, 0, 0.1, 1, 0.0, 1)"


def _item(item: str, status: str = "accepted", iteration: int = 1, data: str | None = None) -> tuple[object, ...]:
    return (1, "conversation", iteration, item, status, "tournament", "", data, None, 1, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder with two pairs, one of which has a winner in iteration 1."""

    async def write() -> None:
        database = Database(tmp_path)
        revision = await revisions.begin(database, "f" * 64, {})
        ledger = SqlLedger(database, revision)
        for index in range(2):
            one, two = (Profile.of((Attribute.of(f"I like {thing} {index}."),)) for thing in ("owls", "bees"))
            pair = Pair(f"p-{index}", index, one, two, "random")
            ledger.record(Outcome("pair", pair.id, "accepted", data=pair))
        database.post((ITEM, _item("p-0", data='{"won": 1}')), (CALL, ("known",)))
        await database.flush()
        database.close()

    asyncio.run(write())
    return tmp_path


def make(folder: Path, clock: Callable[[], float] = time.monotonic) -> Hub:
    with RunReader(folder) as reader:
        return Hub(str(folder), reader.revision(), champions=True, clock=clock)


def test_work_has_the_pairs_and_the_winners_to_beat(folder: Path) -> None:
    hub = make(folder)
    hub.plan(2, {"s": (range(2),)}, (10, 5))
    work = hub.work("s")
    assert work is not None
    assert [pair[:12] for pair in work.pairs] == ['{"id":"p-0",', '{"id":"p-1",']
    assert [row[3] for row in work.champions] == ["p-0"]
    assert (work.log, work.elsewhere, work.attempt) == (None, (10, 5), 1)
    hub.plan(1, {"s": (range(1, 9),)}, (0, 0))
    with pytest.raises(StoreError, match="of the pairs 1 to 8 there are 1, not 8"):
        hub.work("s")


def test_pairs_of_an_earlier_pass_are_not_taken(folder: Path) -> None:
    connection = sqlite3.connect(folder / "run.sqlite")
    row = connection.execute("SELECT * FROM items WHERE item = 'p-1'").fetchone()
    connection.execute(ITEM, (*row[:3], "p-before", *row[4:10], 0))
    connection.commit()
    connection.close()
    hub = make(folder)
    hub.plan(1, {"s": (range(1), range(1, 2))}, (0, 0))
    work = hub.work("s")
    assert work is not None
    assert [pair[:12] for pair in work.pairs] == ['{"id":"p-0",', '{"id":"p-1",']


def test_a_further_attempt_begins_with_what_the_first_left_and_cuts_it_off(folder: Path, tmp_path: Path) -> None:
    hub = make(folder)
    hub.plan(1, {"s": (range(1),)}, (0, 0))
    first = hub.work("s")
    assert first is not None
    hub.write("s", first.attempt, [(CALL, ("one",))], NOTHING)
    second = hub.work("s")
    assert second is not None
    assert second.log is not None
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(second.log)
    assert [key for (key,) in sqlite3.connect(copy).execute("SELECT key FROM calls")] == ["one"]
    late = hub.write("s", first.attempt, [(CALL, ("late",))], NOTHING)
    assert "taken over" in (late.stop or "")
    hub.end("s", second.attempt)
    assert hub.work("s") is None
    assert "taken over" in (hub.write("s", second.attempt, [(CALL, ("late",))], NOTHING).stop or "")
    log = sqlite3.connect(folder / "shards" / "s.sqlite")
    assert log.execute("SELECT key FROM calls").fetchall() == [("one",)]


def test_what_a_cut_off_attempt_paid_for_is_counted(folder: Path) -> None:
    hub = make(folder)
    hub.plan(1, {"s": (range(1),)}, (0, 0))
    hub.work("s")
    second = hub.work("s")
    assert second is not None
    call = ("late", "generator.turn", "m", '{"messages": []}', '{"text": "Ho"}', 3, 1, 0, 0.1, 1, 0.0, 1)
    failed = ("other", "generator.turn", "wasted", "cut off", 1, 5, 2, 0.0)
    late: list[Statement] = [(PUT, call), (FAILED, failed), (ITEM, _item("p-0"))]
    hub.write("s", 1, late, replace(NOTHING, calls=2, prompt_tokens=8, completion_tokens=3))
    assert hub.news().usage.prompt_tokens == 8
    assert hub.news().outcomes == []
    hub.end("s", second.attempt)
    hub.close()

    async def spent() -> tuple[int, int]:
        database = Database(folder)
        await fold_left(folder, database)
        with RunReader(folder) as reader:
            log = CallLog(database, reader.revision())
        try:
            return log.spent()
        finally:
            log.close()
            database.close()

    # Beside the call that the run had before.
    assert asyncio.run(spent()) == (3 + 8, 1 + 3)


def test_after_the_end_nobody_writes(folder: Path) -> None:
    """A worker outlives the driver's patience: its log must not be opened again."""
    hub = make(folder)
    hub.plan(1, {"s": (range(1),), "t": (range(1, 2),)}, (0, 0))
    hub.work("s")
    hub.write("s", 1, [(CALL, ("one",))], NOTHING)
    hub.close()
    for left in (folder / "shards").glob("*.sqlite*"):
        left.unlink()
    call = ("late", "generator.turn", "m", '{"messages": []}', '{"text": "Ho"}', 3, 1, 0, 0.1, 1, 0.0, 1)
    assert "taken over" in (hub.write("s", 1, [(PUT, call)], NOTHING).stop or "")
    hub.end("s", 1)
    assert hub.work("t") is None
    assert list((folder / "shards").glob("*.sqlite*")) == []
    hub.plan(1, {"s": (range(1),)}, (0, 0))
    again = hub.work("s")
    assert again is not None
    assert again.log is None


def test_a_message_is_written_whole_or_not_at_all(folder: Path) -> None:
    hub = make(folder)
    hub.plan(1, {"s": (range(1),)}, (0, 0))
    hub.work("s")
    with pytest.raises(sqlite3.Error):
        hub.write("s", 1, [(CALL, ("one",)), ("INSERT INTO nowhere VALUES (1)", ())], NOTHING)
    hub.write("s", 1, [(CALL, ("two",))], NOTHING)
    hub.close()
    log = sqlite3.connect(folder / "shards" / "s.sqlite")
    assert log.execute("SELECT key FROM calls").fetchall() == [("two",)]


def test_each_attempt_hears_what_all_others_spent(folder: Path) -> None:
    hub = make(folder)
    hub.plan(1, {"a": (range(1),), "b": (range(1, 2),)}, (100, 10))
    hub.work("a"), hub.work("b")
    spent = replace(NOTHING, calls=2, prompt_tokens=7, completion_tokens=3)
    assert hub.write("a", 1, [], spent).elsewhere == (100, 10)
    assert hub.write("b", 1, [], NOTHING).elsewhere == (107, 13)
    again = hub.work("a")
    assert again is not None
    assert again.elsewhere == (107, 13)
    assert hub.write("a", 2, [], spent).elsewhere == (107, 13)
    assert hub.write("b", 1, [], NOTHING).elsewhere == (114, 16)
    assert hub.news().usage == plus(spent, spent)
    hub.plan(2, {"a": (range(1),)}, (114, 16))
    hub.work("a")
    assert hub.write("a", 1, [], spent).elsewhere == (114, 16)


def test_news_tell_each_outcome_once(folder: Path) -> None:
    hub = make(folder)
    hub.plan(1, {"s": (range(2),)}, (0, 0))
    hub.work("s")
    hub.write("s", 1, [(ITEM, _item("p-0"))], NOTHING)
    news = hub.news()
    assert [(o.stage, o.item, o.status, o.iteration) for o in news.outcomes] == [("conversation", "p-0", "accepted", 1)]
    assert news.active == 1
    hub.work("s")
    hub.write("s", 2, [(ITEM, _item("p-0")), (ITEM, _item("p-1", "failed"))], NOTHING)
    assert [o.item for o in hub.news().outcomes] == ["p-1"]
    hub.end("s", 2)
    assert hub.news().active == 0


def test_the_first_reason_to_stop_reaches_everybody(folder: Path) -> None:
    hub = make(folder)
    hub.plan(1, {"s": (range(1),)}, (0, 0))
    hub.work("s")
    assert hub.write("s", 1, [], NOTHING).stop is None
    hub.stop("the budget is spent")
    hub.stop("another")
    assert hub.write("s", 1, [], NOTHING).stop == "the budget is spent"


def test_workers_are_silent_when_none_was_heard_of(folder: Path) -> None:
    now = [0.0]
    hub = make(folder, lambda: now[0])
    hub.plan(1, {"a": (range(1),), "b": (range(1, 2),)}, (0, 0))
    assert hub.silent(5) == []
    hub.work("a", "first"), hub.work("b", "second")
    now[0] = 4.0
    assert hub.silent(5) == []
    hub.write("b", 1, [], NOTHING)
    now[0] = 6.0
    assert hub.silent(5) == []
    hub.end("b", 1)
    assert hub.silent(5) == ["first"]


def test_logged_calls_are_found_by_key(folder: Path) -> None:
    assert make(folder).find(["known", "unknown"]) == {"known": ('{"text": "Ho"}', 3, 1, 0)}


def test_what_a_killed_run_left_is_folded_in_by_the_next(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = make(folder)
    hub.plan(1, {"s": (range(2),)}, (0, 0))
    hub.work("s")
    # Not ended and not closed, as after a kill.
    hub.write("s", 1, [(CALL, ("one",)), (ITEM, _item("p-1"))], NOTHING)
    (folder / "shards" / "empty.sqlite").touch()

    async def go_on() -> int:
        database = Database(folder)
        try:
            return await fold_killed(folder, database)
        finally:
            database.close()

    with monkeypatch.context() as patch:
        patch.setattr(store_fold, "PATIENCE", 0.0)
        with pytest.raises(StoreError, match="in use by"):
            asyncio.run(go_on())
    # The hub's process has ended.
    hub.close()
    assert asyncio.run(go_on()) == 2
    assert list((folder / "shards").glob("*.sqlite*")) == []
    with RunReader(folder) as reader:
        assert {call["key"] for call in reader.calls()} == {"known", "one"}
        assert {item.item for item in reader.items("conversation")} == {"p-0", "p-1"}


def test_a_killed_run_is_read_with_its_open_shards(folder: Path) -> None:
    hub = make(folder)
    hub.plan(1, {"s": (range(2),)}, (0, 0))
    hub.work("s")
    hub.write("s", 1, [(CALL, ("one",)), (ITEM, _item("p-1"))], NOTHING)
    (folder / "run.lock").write_text("process 1 on elsewhere", encoding="utf-8")

    def read() -> set[str]:
        with RunReader(folder) as reader:
            return {item.item for item in reader.items("conversation")}

    async def read_in_a_loop() -> set[str]:
        return read()

    # Somebody still writes there.
    assert read() == {"p-0"}
    hub.close()
    with RunLock(folder, passing=True):
        assert read() == {"p-0"}
    assert asyncio.run(read_in_a_loop()) == {"p-0", "p-1"}
    assert list((folder / "shards").glob("*.sqlite*")) == []
    # Who goes on with the run hears all the same how it ended.
    with RunLock(folder) as lock:
        assert lock.stale == "process 1 on elsewhere"


def test_a_shard_that_cannot_be_read_is_named(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(folder).close()
    (folder / "shards" / "s.sqlite").write_bytes(b"no database at all" * 100)
    with RunReader(folder) as reader:
        assert {item.item for item in reader.items("conversation")} == {"p-0"}
    assert "1 shards of a killed run are not folded in" in caplog.text
    assert "s.sqlite: can't be read" in caplog.text
    assert (folder / "shards" / "s.sqlite").exists()
