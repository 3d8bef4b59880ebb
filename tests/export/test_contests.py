"""Tests of what the Critic decided between candidates, as read from a run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from duologue.config.load import load_config
from duologue.conversations.generator.protocol import Task
from duologue.export import contests
from duologue.records import Conversation, Outcome, Status
from duologue.store import revisions
from duologue.store.database import Database
from duologue.store.ledger import SqlLedger
from duologue.store.reading import RunReader

Rows = list[tuple[int, int, Status, str, str]]


def test_losers_and_refused_of_each_pair(tmp_path: Path, make_run: Callable[..., Path]) -> None:
    with RunReader(make_run(tmp_path / "run", 3)) as reader:
        found = list(contests(reader))
        order = [c.id for c in reader.conversations()]
    assert [c.chosen.id for c in found] == [name for name in order for _ in range(2)]
    assert [c.by for c in found] == ["tournament", "faithfulness"] * 3
    assert found[0].why == f"lost to {found[0].chosen.candidate.id}"
    assert all(c.utterances != c.chosen.candidate.utterances and c.iteration == 1 for c in found)
    assert len({c.rejected for c in found}) == 6


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ("best", [(1, "lost early"), (1, "won iteration 1, lost to"), (1, "rude"), (2, "lost late"), (3, "lost last")]),
        ("last", [(1, "rude"), (2, "lost late")]),
    ],
)
def test_who_met_the_winner(tmp_path: Path, one: Conversation, keep: str, expected: list[tuple[int, str]]) -> None:
    """The winner comes from iteration 2; with ``keep: last`` those of other iterations never met it."""
    rows: Rows = [
        (1, 0, "rejected", "tournament", "lost early"),
        (1, 1, "accepted", "tournament", ""),
        (1, 2, "rejected", "toxicity", "rude"),
        (1, 3, "failed", "generator", "no answer"),
        (2, 0, "accepted", "tournament", ""),
        (2, 1, "rejected", "tournament", "lost late"),
        (3, 0, "rejected", "tournament", "lost last"),
        (3, 1, "rejected", "tournament", "a copy"),
        (3, 2, "rejected", "format", "given up"),
    ]
    config = load_config(overrides={"generator.candidates": 4, "loop.iterations": 3, "loop.keep": keep})
    pair = one.candidate.pair

    def name(iteration: int, sample: int) -> str:
        return Task(pair, iteration, 0, sample, (), (0, 0), 0).id

    async def write() -> None:
        database = Database(tmp_path)
        revision = await revisions.begin(database, "f", config.model_dump(mode="json"))
        ledger = SqlLedger(database, revision)
        for iteration, sample, status, by, reason in rows:
            said: tuple[str, ...] = (f"Hi {iteration}.", f"Ho {sample}.")
            if reason == "a copy":
                said = one.candidate.utterances
            data: dict[str, object] = {"pair": pair.id, "utterances": said}
            if reason == "given up":
                del data["utterances"]
            ledger.record(Outcome("candidate", name(iteration, sample), status, by, reason, iteration, data))
        won = replace(one, candidate=replace(one.candidate, id=name(2, 0), iteration=2))
        ledger.record(Outcome("conversation", pair.id, "accepted", "tournament", "", 0, won))
        await ledger.flush()
        await revisions.end(database, revision, "finished")
        database.close()

    asyncio.run(write())
    with RunReader(tmp_path) as reader:
        found = [(c.iteration, c.why) for c in contests(reader)]
    assert len(found) == len(expected)
    for (iteration, why), (wanted, begins) in zip(found, expected, strict=True):
        assert iteration == wanted
        assert why.startswith(begins)
