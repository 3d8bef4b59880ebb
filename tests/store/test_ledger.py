from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from duologue.errors import StoreError
from duologue.records import (
    Attribute,
    Candidate,
    Comparison,
    Conversation,
    Evidence,
    Outcome,
    Pair,
    Profile,
    Stage,
    Verdict,
)
from duologue.store import revisions
from duologue.store.database import Database
from duologue.store.ledger import SqlLedger
from duologue.store.protocol import Ledger
from duologue.store.reading import RunReader


def pair(index: int) -> Pair:
    left, right = (Profile.of((Attribute.of(f"I am {side} of pair {index}."),)) for side in ("left", "right"))
    return Pair(f"p-{index}", index, left, right)


def conversation(index: int) -> Conversation:
    candidate = Candidate(f"k-{index}", pair(index), 1, 0, 0, ("Hi.", "Hello."), "whole", "m", "h", 0, (2, 2))
    return Conversation(candidate, (VERDICT,), 0.5)


VERDICT = Verdict("length", "guard", 1.0, True, "", (Evidence(1, "a-1", 0, "supported", 0.9),), (0,), (0.25, 0.5))


class Heard:
    def __init__(self) -> None:
        self.all: list[object] = []

    def begin(self, stage: Stage, total: int | None, iteration: int) -> None:
        self.all.append((stage, total, iteration))

    def outcome(self, outcome: Outcome) -> None:
        self.all.append(outcome.item)


def test_what_is_recorded_can_be_read(tmp_path: Path) -> None:
    heard = Heard()

    async def run() -> None:
        database = Database(tmp_path)
        sql = SqlLedger(database, await revisions.begin(database, "f", {"seed": 1}))
        sql.subscribe(heard)
        ledger: Ledger = sql
        ledger.begin("conversation", 3)
        for index in (2, 0, 1):
            won = conversation(index)
            ledger.record(Outcome("conversation", won.id, "accepted", data=won))
        ledger.record(
            Outcome("conversation", "c-3", "failed", "survivors", "no candidate\ud800 survived", data=pair(3))
        )
        ledger.record(Outcome("candidate", "k-1", "rejected", "length", "first", iteration=1))
        ledger.record(Outcome("candidate", "k-1", "rejected", "length", "second", iteration=1))
        ledger.judged("k-1", [VERDICT, VERDICT])
        ledger.judged("k-1", [VERDICT])
        ledger.compared("p-1", 1, [Comparison("depth", "k-1", "k-2", "tie", "alike")])
        await ledger.flush()
        with RunReader(tmp_path) as reader:
            assert reader.revision().state == "running"
        database.close()

    asyncio.run(run())
    with RunReader(tmp_path) as reader:
        assert [c.candidate.pair.index for c in reader.conversations()] == [0, 1, 2]
        assert next(reader.conversations()) == conversation(0)
        assert [(c.stage, c.iteration, c.status, c.by, c.n) for c in reader.counts()] == [
            ("conversation", 0, "accepted", "", 3),
            ("conversation", 0, "failed", "survivors", 1),
            ("candidate", 1, "rejected", "length", 1),
        ]
        (rejected,) = reader.items("candidate", status="rejected")
        assert (rejected.reason, rejected.value()) == ("second", None)
        (failed,) = reader.items("conversation", status="failed")
        assert failed.reason == "no candidate\ufffd survived"
        assert failed.record(Pair) == pair(3)
        with pytest.raises(StoreError, match="holds no Conversation"):
            failed.record(Conversation)
        assert reader.verdicts("k-1") == (VERDICT,)
        assert reader.verdicts("k-9") == ()
        assert reader.expert_counts() == (("length", "guard", 1, 1),)
        assert reader.comparisons("p-1", 1) == (Comparison("depth", "k-1", "k-2", "tie", "alike"),)
    assert heard.all[0] == ("conversation", 3, 0)
    assert heard.all[1:4] == [conversation(2).id, conversation(0).id, conversation(1).id]


def test_each_configuration_is_a_revision_with_its_own_items(tmp_path: Path) -> None:
    async def one(fingerprint: str, items: list[str], state: revisions.State) -> revisions.Revision:
        database = Database(tmp_path)
        revision = await revisions.begin(database, fingerprint, {"name": fingerprint})
        ledger = SqlLedger(database, revision)
        for item in items:
            ledger.record(Outcome("seed", item, "accepted"))
        await revisions.end(database, revision, state, "why")
        database.close()
        return revision

    def items() -> list[str]:
        with RunReader(tmp_path) as reader:
            return sorted(i.item for i in reader.items("seed"))

    assert asyncio.run(one("a", ["1", "2"], "stopped")).pass_ == 1
    assert asyncio.run(one("b", ["3"], "finished")).id == 2
    assert items() == ["3"]
    assert asyncio.run(one("a", ["2"], "stopped")).pass_ == 2
    assert items() == ["1", "2"]
    assert asyncio.run(one("a", ["2"], "finished")).pass_ == 3
    assert items() == ["2"]
    with RunReader(tmp_path) as reader:
        assert [r.fingerprint for r in reader.revisions()] == ["a", "b"]
        assert reader.revision().config == {"name": "a"}
        assert (reader.revision().state, reader.revision().note) == ("finished", "why")
    with RunReader(tmp_path, 2) as reader:
        assert reader.revision().fingerprint == "b"
    with pytest.raises(StoreError, match="no revision 7"):
        RunReader(tmp_path, 7)


def test_a_folder_in_which_nothing_was_run(tmp_path: Path) -> None:
    Database(tmp_path).close()
    with pytest.raises(StoreError, match="nothing was run"):
        RunReader(tmp_path)
    with pytest.raises(StoreError, match="holds no run"):
        RunReader(tmp_path / "elsewhere")
