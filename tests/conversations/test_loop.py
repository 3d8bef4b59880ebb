"""The loop with a scripted Generator and a Critic of stand-in experts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from duologue.config.sections import Config, GeneratorConfig, LoopConfig
from duologue.conversations.critic.critic import Critic
from duologue.conversations.critic.protocol import CriticContext
from duologue.conversations.examples import Example
from duologue.conversations.generator.protocol import Refused, Task
from duologue.conversations.loop import Loop
from duologue.conversations.pool import Pool
from duologue.errors import ItemFailed, RunStopped
from duologue.models.scripted import ScriptedEmbedder
from duologue.records import Attribute, Candidate, Comparison, Conversation, Pair, Profile, Verdict
from duologue.store.codec import encode
from duologue.store.in_memory import InMemoryLedger

EMBEDDER = ScriptedEmbedder()


class Writer:
    """Says a conversation whose worth is given by the task; raises what the plan says."""

    mode = "whole"

    def __init__(self, plan: Mapping[tuple[int, int, int], str | Exception]) -> None:
        self.plan = plan
        self.tasks: list[Task] = []

    async def generate(self, task: Task) -> Candidate:
        self.tasks.append(task)
        await asyncio.sleep(0)
        said = self.plan.get((task.iteration, task.attempt, task.sample), "good 5")
        if isinstance(said, Exception):
            raise said
        utterances = (f"{said} {task.id}", f"answer {task.id}")
        return Candidate(
            task.id, task.pair, task.iteration, task.attempt, task.sample, utterances, "whole", "m", "h", task.seed
        )


class Bad:
    """A guard that refuses what begins with bad."""

    name = "bad"

    def check(self, candidate: Candidate) -> Verdict:
        passed = not candidate.utterances[0].startswith("bad")
        return Verdict("bad", "guard", float(passed), passed, "" if passed else "it is bad")


class Worth:
    """A quality expert that reads the number in the first utterance."""

    name = "worth"
    both_orders = False

    async def score(self, candidate: Candidate, verdicts: Mapping[str, Verdict]) -> Verdict:
        return Verdict("worth", "quality", float(candidate.utterances[0].split()[1]) / 10, True)

    async def compare(self, first: Candidate, second: Candidate, scores: Mapping[str, Verdict]) -> Comparison:
        a, b = scores[first.id].value, scores[second.id].value
        return Comparison("worth", first.id, second.id, "first" if a > b else "second" if b > a else "tie")


def pair(index: int) -> Pair:
    users = [Profile.of((Attribute.of(f"I am number {index} {side}."),)) for side in "ab"]
    return Pair(f"p-{index:04}", index, users[0], users[1])


def run(
    plan: Mapping[tuple[int, int, int], str | Exception],
    *,
    memo: InMemoryLedger | None = None,
    pairs: int | Sequence[Pair] = 1,
    keep: str = "best",
    iterations: int = 2,
    writer: Writer | None = None,
) -> tuple[InMemoryLedger, Writer, Pool]:
    memo = memo or InMemoryLedger()
    writer = writer or Writer(plan)
    config = Config(
        generator=GeneratorConfig(candidates=2, examples=1),
        loop=LoopConfig.model_validate({"iterations": iterations, "regenerations": 1, "keep": keep, "pool_join": 1}),
    )
    context = CriticContext(config.critic, EMBEDDER, None, None, None)  # type: ignore[arg-type]
    loop = Loop(
        writer,  # type: ignore[arg-type]
        Critic(context, [Bad()], [], [Worth()]),
        config=config,
        embedder=EMBEDDER,
        ledger=memo,
        memory=memo,
        pairs_in_flight=3,
    )
    start = Pool((Example("e0", ("I.",), ("You.",), ("zero shipped opening here", "reply")),))
    pool = asyncio.run(loop.run([pair(i) for i in range(pairs)] if isinstance(pairs, int) else pairs, start))
    return memo, writer, pool


def final(memo: InMemoryLedger) -> Conversation:
    (outcome,) = memo.of("conversation", 0)
    assert isinstance(outcome.data, Conversation)
    return outcome.data


def test_the_best_candidate_wins_and_losers_are_rows() -> None:
    memo, _, _ = run({(1, 0, 0): "good 3", (1, 0, 1): "good 8", (2, 0, 0): "good 1", (2, 0, 1): "good 2"})
    assert final(memo).candidate.utterances[0].startswith("good 8")
    assert sorted((o.status, o.by) for o in memo.of("candidate", 1)) == [
        ("accepted", "tournament"),
        ("rejected", "tournament"),
    ]
    assert [o.by for o in memo.of("conversation", 2)] == ["kept"]
    assert {v.expert for v in memo.verdicts[final(memo).candidate.id]} == {"bad", "worth"}


def test_keep_last_takes_the_newest_winner() -> None:
    plan = {(1, 0, 0): "good 9", (2, 0, 0): "good 1", (2, 0, 1): "good 2"}
    memo, _, _ = run(plan, keep="last")
    assert final(memo).candidate.iteration == 2
    memo, _, _ = run(
        {**plan, (2, 0, 0): "bad 1", (2, 0, 1): "bad 1", (2, 1, 0): "bad 1", (2, 1, 1): "bad 1"}, keep="last"
    )
    assert final(memo).candidate.iteration == 1


def test_regeneration_then_failure_with_reasons() -> None:
    plan: dict[tuple[int, int, int], str | Exception] = {
        (i, a, s): "bad 1" for i in (1, 2) for a in (0, 1) for s in (0, 1)
    }
    plan[1, 1, 0] = ItemFailed("no answer")
    plan[1, 1, 1] = Refused("swap", "it took over a fact")
    memo, writer, _ = run(plan)
    assert len(writer.tasks) == 8
    (outcome,) = memo.of("conversation", 0)
    assert outcome.status == "failed"
    assert "no candidate of 4 survived" in outcome.reason
    ends = sorted((o.status, o.by, o.reason) for o in memo.of("candidate", 1))
    assert ends == [
        ("failed", "generator", "no answer"),
        ("rejected", "bad", "it is bad"),
        ("rejected", "bad", "it is bad"),
        ("rejected", "swap", "it took over a fact"),
    ]


def test_a_later_attempt_can_rescue_a_pair() -> None:
    memo, writer, _ = run({(1, 0, 0): "bad 1", (1, 0, 1): "bad 1", (1, 1, 1): "good 7"}, iterations=1)
    assert final(memo).candidate.attempt == 1
    assert len(writer.tasks) == 4


def test_every_item_is_accounted_for_and_winners_feed_the_pool() -> None:
    memo, writer, pool = run({}, pairs=9)
    assert len(memo.of("conversation", 0)) == 9
    assert len(memo.of("candidate", 1)) == 18
    assert [e.origin for e in pool.examples] == ["shipped", "generated"]
    assert {t.examples[0].id for t in writer.tasks if t.iteration == 1} == {"e0"}


def test_what_is_finished_is_not_made_again() -> None:
    first, _, _ = run({}, pairs=4)
    memory = InMemoryLedger()
    for outcome in first.outcomes.values():
        if outcome.stage == "conversation" and outcome.iteration:
            memory.record(outcome)
    again, writer, _ = run({}, pairs=4, memo=memory)
    assert writer.tasks == []
    assert [encode(o) for o in again.of("conversation", 0)] == [encode(o) for o in first.of("conversation", 0)]


def test_a_pair_that_failed_is_tried_again() -> None:
    """The server was away in iteration 1; what was made in iteration 2 is taken over."""
    away: dict[tuple[int, int, int], str | Exception] = {
        (1, a, s): ItemFailed("no answer") for a in (0, 1) for s in (0, 1)
    }
    memo, _, _ = run({**away, (2, 0, 0): "good 3"})
    assert [o.status for o in memo.of("conversation", 1)] == ["failed"]
    _, writer, _ = run({(1, 0, 0): "good 7", (1, 0, 1): "bad 1"}, memo=memo)
    assert {(task.iteration, task.attempt) for task in writer.tasks} == {(1, 0)}
    (again,) = memo.of("conversation", 1)
    assert isinstance(again.data, Conversation)
    assert again.data.candidate.utterances[0].startswith("good 7")
    _, writer, _ = run({}, memo=memo)
    assert writer.tasks == []


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_pair_that_is_there_again_has_the_place_and_split_of_this_pass(keep: str) -> None:
    memo, _, _ = run({}, pairs=3, iterations=1, keep=keep)
    moved = [replace(pair(i), index=5 - i, split="valid") for i in (0, 2)]
    _, writer, _ = run({(2, 0, 0): "good 1", (2, 0, 1): "good 1"}, pairs=moved, memo=memo, keep=keep)
    assert {task.iteration for task in writer.tasks} == {2}
    for iteration in (0, 1, 2):
        made = {o.item: o.data for o in memo.of("conversation", iteration)}
        for one in moved:
            held = made[one.id]
            assert isinstance(held, Conversation)
            assert held.candidate.pair == one


def test_a_stopped_run_keeps_what_has_a_winner() -> None:
    class Ending(Writer):
        async def generate(self, task: Task) -> Candidate:
            if task.pair.index == 2:
                raise RunStopped("the budget is spent")
            return await super().generate(task)

    memo = InMemoryLedger()
    with pytest.raises(RunStopped, match="budget"):
        run({}, memo=memo, pairs=6, writer=Ending({}))
    kept = {o.item for o in memo.of("conversation", 1) if o.status == "accepted"}
    assert {o.item for o in memo.of("conversation", 0)} == kept
    assert "p-0002" not in kept
    assert not [o for o in memo.outcomes.values() if o.status == "failed"]
    finished, _, _ = run({}, memo=memo, pairs=6)
    fresh, _, _ = run({}, pairs=6)
    assert {o.item: encode(o) for o in finished.of("conversation", 0)} == {
        o.item: encode(o) for o in fresh.of("conversation", 0)
    }
