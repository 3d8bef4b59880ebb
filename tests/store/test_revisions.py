"""What a finished pass drops of earlier ones: users and pairs that it did not make again, and what was said by those."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.store.test_ledger import conversation

from duologue.api import run
from duologue.backends.protocol import Answer, Request
from duologue.backends.scripted import ScriptedBackend
from duologue.config.load import load_config
from duologue.config.sections import Config
from duologue.errors import CallError, RunStopped
from duologue.records import Comparison, Outcome, Pair, Verdict
from duologue.store import revisions
from duologue.store.database import Database
from duologue.store.ledger import SqlLedger
from duologue.store.reading import RunReader

SEEDS = Path(__file__).parents[1] / "cli" / "seeds.txt"


def in_a_pass(folder: Path, work: Callable[[SqlLedger], None], state: revisions.State) -> None:
    async def go() -> None:
        database = Database(folder)
        revision = await revisions.begin(database, "f", {})
        work(SqlLedger(database, revision))
        await revisions.end(database, revision, state)
        database.close()

    asyncio.run(go())


def test_conversations_go_with_their_pairs_and_others_stay(tmp_path: Path) -> None:
    def first(ledger: SqlLedger) -> None:
        for index in (0, 1):
            one, pair = conversation(index), conversation(index).candidate.pair
            ledger.record(Outcome("pair", pair.id, "accepted", data=pair))
            ledger.record(Outcome("candidate", one.candidate.id, "accepted", "tournament", "", 1, {"pair": pair.id}))
            ledger.record(
                Outcome("candidate", f"{one.candidate.id}-x", "failed", "generator", "", 1, {"pair": pair.id})
            )
            ledger.judged(one.candidate.id, [Verdict("depth", "quality", 1.0, True)])
            ledger.compared(pair.id, 1, [Comparison("depth", "a", "b", "tie")])
            for iteration in (1, 0):
                ledger.record(Outcome("conversation", pair.id, "accepted", "tournament", "", iteration, one))

    def second(ledger: SqlLedger) -> None:
        pair = conversation(1).candidate.pair
        ledger.record(Outcome("pair", pair.id, "accepted", data=pair))

    def held() -> tuple[list[str], list[str], set[str], list[str]]:
        with RunReader(tmp_path) as reader:
            talks = sorted(item.item for item in reader.items("conversation"))
            candidates = sorted(item.item for item in reader.items("candidate"))
            judged = {name for name in ("k-0", "k-1") if reader.verdicts(name)}
            return talks, candidates, judged, [pair for pair, _, _ in reader.all_comparisons()]

    in_a_pass(tmp_path, first, "stopped")
    before = held()
    assert before[0] == ["p-0", "p-0", "p-1", "p-1"]
    in_a_pass(tmp_path, second, "stopped")
    assert held() == before
    in_a_pass(tmp_path, second, "finished")
    assert held() == (["p-1", "p-1"], ["k-1", "k-1-x"], {"k-1"}, ["p-1"])


class Away(ScriptedBackend):
    """Has no answer to its third request for an attribute."""

    asked = 0

    async def answer(self, request: Request) -> Answer:
        if request.purpose == "expansion.attribute":
            self.asked += 1
            if self.asked == 3:
                raise CallError("give_up", "no answer")
        return await super().answer(request)


def settings(tokens: int | None = None) -> Config:
    small = {f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")}
    values = {
        **small,
        "model.backend": "scripted",
        "model.name": "scripted",
        "seeds.path": str(SEEDS),
        "pairing.pairs": 12,
        "generator.candidates": 2,
        "loop.iterations": 2,
        "engine.concurrency": 4,
        "budget.max_tokens": tokens,
    }
    return load_config(None, preset="quick", overrides=values)


def test_users_of_a_healthier_pass_pair_anew_and_nothing_is_left_of_the_others(tmp_path: Path) -> None:
    run(settings(), tmp_path / "whole", backend=Away())
    with RunReader(tmp_path / "whole") as reader:
        tokens = sum(t.prompt_tokens + t.completion_tokens for t in reader.call_totals())
    out = tmp_path / "run"
    with pytest.raises(RunStopped):
        run(settings(int(tokens * 0.8)), out, backend=Away())
    with RunReader(out) as reader:
        begun = {item.item for item in reader.items("conversation")}
    run(settings(), out, backend=ScriptedBackend())
    with RunReader(out) as reader:
        pairs = {item.item: item.record(Pair) for item in reader.items("pair", status="accepted")}
        made = list(reader.conversations())
        assert reader.progress() == (12, 12)
        assert {item.item for item in reader.items("conversation")} == set(pairs)
        assert {item.value()["pair"] for item in reader.items("candidate")} == set(pairs)
    # The premise: other users, and so other pairs.
    assert begun - set(pairs)
    assert [one.candidate.pair for one in made] == sorted(pairs.values(), key=lambda pair: pair.index)
    splits: dict[str, str] = {}
    for pair in (one.candidate.pair for one in made):
        for user in (pair.user_1, pair.user_2):
            assert splits.setdefault(user.id, pair.split) == pair.split
