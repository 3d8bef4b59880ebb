"""What a reader shows of a run that has not finished, whatever ended it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.test_ledger import conversation

from duologue.records import Conversation, Outcome
from duologue.store import revisions
from duologue.store.database import Database
from duologue.store.ledger import SqlLedger
from duologue.store.reading import RunReader


def made(index: int, iteration: int) -> Conversation:
    one = conversation(index)
    return replace(one, candidate=replace(one.candidate, iteration=iteration))


def write(folder: Path, state: revisions.State, work: Callable[[SqlLedger], None]) -> None:
    async def go() -> None:
        database = Database(folder)
        revision = await revisions.begin(database, "f", {"loop": {"iterations": 2}})
        work(SqlLedger(database, revision))
        await revisions.end(database, revision, state)
        database.close()

    asyncio.run(go())


def settle(ledger: SqlLedger, one: Conversation, *iterations: int) -> None:
    for iteration in iterations:
        ledger.record(Outcome("conversation", one.candidate.pair.id, "accepted", data=one, iteration=iteration))


def nothing(ledger: SqlLedger) -> None:
    """A pass that ended before it made anything."""


@pytest.mark.parametrize("state", ["running", "stopped", "failed"])
def test_a_run_that_has_not_finished_shows_its_newest_winners(tmp_path: Path, state: revisions.State) -> None:
    """Cancelled or failed, it wrote no data set; what an earlier pass wrote of one pair hides no other."""

    def work(ledger: SqlLedger) -> None:
        settle(ledger, made(0, 1), 1, 0)
        settle(ledger, made(0, 2), 2)
        settle(ledger, made(1, 1), 1)

    write(tmp_path, "stopped", work)
    write(tmp_path, state, nothing)
    with RunReader(tmp_path) as reader:
        assert list(reader.conversations()) == [made(0, 2), made(1, 1)]
        assert list(reader.conversations(1)) == [made(0, 1), made(1, 1)]
        shown = [reader.standing(f"p-{index}") for index in (0, 1)]
    assert [item and item.iteration for item in shown] == [2, 1]


def test_a_finished_run_shows_its_data_set(tmp_path: Path) -> None:
    def work(ledger: SqlLedger) -> None:
        settle(ledger, made(0, 2), 2)
        settle(ledger, made(0, 1), 0)

    write(tmp_path, "finished", work)
    with RunReader(tmp_path) as reader:
        assert list(reader.conversations()) == [made(0, 1)]
        stands = reader.standing("p-0")
    assert stands is not None
    assert stands.iteration == 0


def test_pairs_that_the_latest_pairing_did_not_make_are_not_shown(tmp_path: Path) -> None:
    """Until the run finishes their rows stay. Of a pair that is there again the place is the latest one."""
    old = made(1, 2)
    moved = replace(old, candidate=replace(old.candidate, pair=replace(old.candidate.pair, index=0)))

    def first(ledger: SqlLedger) -> None:
        for one in (made(0, 2), old):
            ledger.record(Outcome("pair", one.candidate.pair.id, "accepted", data=one.candidate.pair))
            settle(ledger, one, 1, 2, 0)

    def second(ledger: SqlLedger) -> None:
        ledger.record(Outcome("pair", "p-1", "accepted", data=moved.candidate.pair))
        settle(ledger, moved, 1, 0)

    write(tmp_path, "stopped", first)
    write(tmp_path, "stopped", nothing)
    with RunReader(tmp_path) as reader:
        assert list(reader.conversations()) == [made(0, 2), old]
        assert reader.progress() == (2, 2)
    write(tmp_path, "stopped", second)
    with RunReader(tmp_path) as reader:
        assert list(reader.conversations()) == [moved]
        assert reader.progress() == (1, 1)
