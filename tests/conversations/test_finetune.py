"""``loop: finetune`` with a scripted Trainer: training, trying, adopting or not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from duologue.config.sections import Config
from duologue.conversations.critic.critic import Critic
from duologue.conversations.critic.protocol import CriticContext
from duologue.conversations.examples import Example
from duologue.conversations.figures import Figures
from duologue.conversations.finetune import ARMS, ATTEMPT, CURRENT, FEW_SHOT, Adapter, worse
from duologue.conversations.generator.protocol import Refused, Task
from duologue.conversations.loop import Loop
from duologue.conversations.pool import Pool
from duologue.errors import ImpossibleRequest, ItemFailed
from duologue.models.scripted import ScriptedEmbedder
from duologue.records import Attribute, Candidate, Comparison, Outcome, Pair, Profile, Verdict
from duologue.store.in_memory import InMemoryLedger

EMBEDDER = ScriptedEmbedder()
START = Pool((Example("e0", ("I.",), ("You.",), ("zero shipped opening here", "reply")),))


class School:
    """A Trainer whose adapters are names; an exception stands for training that fails."""

    def __init__(self, plan: Sequence[Adapter | Exception]) -> None:
        self.plan = plan
        self.used: list[str] = []
        self.now = ""

    async def train(self, round_: int) -> Adapter:
        made = self.plan[round_ - 1]
        if isinstance(made, Exception):
            raise made
        return made

    async def use(self, adapter: Adapter | None) -> None:
        if adapter and adapter.path == "broken":
            raise ItemFailed("can't be used")
        self.now = adapter.id if adapter else ""
        self.used.append(self.now)


class Writer:
    """Says what the model in use says: its worth is in its adapter's name; a bad one is refused."""

    mode = "whole"

    def __init__(self, school: School) -> None:
        self.school = school
        self.tasks: list[tuple[str, Task]] = []

    async def generate(self, task: Task) -> Candidate:
        await asyncio.sleep(0)
        now = self.school.now or "good 5"
        self.tasks.append((now, task))
        flat = " same" if now.startswith("flat") else f" {task.id}"
        flat += " la" * 60 if now.startswith("echo") else ""
        said = (f"{now}{flat}", f"answer{flat}")
        return Candidate(
            task.id, task.pair, task.iteration, task.attempt, task.sample, said, "whole", now, "h", task.seed
        )


class Bad:
    name = "bad"

    def check(self, candidate: Candidate) -> Verdict:
        passed = not candidate.utterances[0].startswith("bad")
        return Verdict("bad", "guard", float(passed), passed, "" if passed else "it is bad")


class Worth:
    name = "worth"
    both_orders = False

    async def score(self, candidate: Candidate, verdicts: Mapping[str, Verdict]) -> Verdict:
        return Verdict("worth", "quality", float(candidate.utterances[0].split()[1]) / 10, True)

    async def compare(self, first: Candidate, second: Candidate, scores: Mapping[str, Verdict]) -> Comparison:
        a, b = scores[first.id].value, scores[second.id].value
        return Comparison("worth", first.id, second.id, "first" if a > b else "second" if b > a else "tie")


def pair(index: int) -> Pair:
    users = [Profile.of((Attribute.of(f"I am number {index} {side}."),)) for side in "ab"]
    return Pair(f"p-{index:04}", index, users[0], users[1], split="valid" if index % 3 == 0 else "train")


def run(
    *plan: Adapter | Exception, method: str = "finetune", pairs: int = 9, memo: InMemoryLedger | None = None
) -> tuple[list[Outcome], School, Writer]:
    memo = memo or InMemoryLedger()
    school = School(plan)
    writer = Writer(school)
    config = Config.model_validate(
        {
            "generator": {"candidates": 1, "examples": 1},
            "loop": {"iterations": len(plan) + 1, "method": method, "pool_join": 1},
            "training": {"held_out": 3},
        }
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
        trainer=school,
    )
    asyncio.run(loop.run([pair(i) for i in range(pairs)], START))
    rows = [o for i in range(1, len(plan) + 1) for o in memo.of("adapter", i)]
    return rows, school, writer


def models(writer: Writer, iteration: int) -> set[str]:
    """Who wrote the data set's candidates of an iteration."""
    return {now for now, task in writer.tasks if task.iteration == iteration and task.attempt < 90}


def test_a_better_adapter_is_adopted_and_writes_the_next_iteration() -> None:
    rows, _, writer = run(Adapter("good 8", "a", (2.0, 1.5)))
    (row,) = rows
    assert row.status == "accepted"
    assert isinstance(row.data, dict)
    assert row.data["preferred"] == 1.0
    assert set(row.data["figures"]) == {"few-shot only", "in use", "trained"}
    assert row.data["pairs"] == 3
    assert len(row.data["tries"]) == 9
    assert models(writer, 1) == {"good 5"}
    assert models(writer, 2) == {"good 8"}


@pytest.mark.parametrize(
    ("adapter", "why"),
    [
        (Adapter("bad 9", "a"), "accepted 1.00 to 0.00"),
        (Adapter("flat 9", "a"), "distinct utterances"),
        (Adapter("good 3", "a"), "the Critic prefers it in 0%"),
        (Adapter("good 9", "a", (1.0, 1.2)), "held-out loss 1.000 to 1.200"),
    ],
)
def test_an_adapter_that_makes_something_worse_is_not_adopted_and_says_so(adapter: Adapter, why: str) -> None:
    (row,), school, writer = run(adapter)
    assert row.status == "rejected"
    assert row.reason.startswith("not adopted: ")
    assert why in row.reason
    assert school.now == ""
    assert models(writer, 2) == {"good 5"}


def test_rounds_build_on_what_was_adopted() -> None:
    rows, school, writer = run(Adapter("good 7", "a"), Adapter("good 6", "b"), Adapter("good 9", "c"))
    assert [row.status for row in rows] == ["accepted", "rejected", "accepted"]
    assert [models(writer, i) for i in (1, 2, 3, 4)] == [{"good 5"}, {"good 7"}, {"good 7"}, {"good 9"}]
    assert school.now == "good 9"


def test_training_that_fails_is_a_row_and_the_loop_goes_on() -> None:
    (row,), school, writer = run(ItemFailed("memory ran out"))
    assert (row.status, row.by, row.reason) == ("failed", "training", "memory ran out")
    assert school.used == []
    assert models(writer, 2) == {"good 5"}


def test_a_round_that_failed_stays_so_once_the_next_has_begun() -> None:
    memo = InMemoryLedger()
    run(ItemFailed("memory ran out"), memo=memo)
    ended = [item for stage, iteration, item in memo.outcomes if (stage, iteration) == ("conversation", 2)]
    for key in [key for key in memo.outcomes if key[1] == 2 and any(item in key[2] for item in ended[::2])]:
        del memo.outcomes[key]
    (row,), school, writer = run(Adapter("good 9", "a"), memo=memo)
    assert (row.status, row.reason) == ("failed", "memory ran out")
    assert school.used == []
    assert models(writer, 2) == {"good 5"}


def test_a_round_that_failed_is_tried_again_before_the_next_begins() -> None:
    memo = InMemoryLedger()
    run(ItemFailed("memory ran out"), memo=memo)
    for key in [key for key in memo.outcomes if key[1] == 2]:
        del memo.outcomes[key]
    (row,), _, writer = run(Adapter("good 9", "a"), memo=memo)
    assert row.status == "accepted"
    assert models(writer, 2) == {"good 9"}


def test_an_adapter_that_cant_be_loaded_is_a_row_and_the_loop_goes_on() -> None:
    rows, school, writer = run(Adapter("good 7", "a"), Adapter("good 9", "broken"))
    assert [row.status for row in rows] == ["accepted", "failed"]
    assert (rows[1].by, rows[1].reason) == ("loading", "can't be used")
    assert school.now == "good 7"
    assert models(writer, 3) == {"good 7"}


def test_finetuning_alone_shows_the_first_examples_and_both_shows_winners() -> None:
    for method, shown in (("finetune", {"shipped"}), ("both", {"shipped", "generated"})):
        _, _, writer = run(Adapter("good 8", "a"), method=method, pairs=40)
        later = {e.origin for _, task in writer.tasks if task.iteration == 2 for e in task.examples}
        assert later == shown, method


def test_what_is_there_is_tried_again_alike_after_a_stop() -> None:
    memo = InMemoryLedger()
    first, _, _ = run(Adapter("good 8", "a"), memo=memo)
    again, school, writer = run(Adapter("good 8", "a"), memo=memo)
    assert again == first
    assert not [task for _, task in writer.tasks if task.attempt < 90]
    assert school.now == "good 8"


@pytest.mark.parametrize("method", ["finetune", "both"])
def test_held_out_pairs_are_never_shown_their_own_conversations(method: str) -> None:
    _, _, writer = run(Adapter("good 8", "a"), method=method, pairs=40)
    own = {text for i in range(0, 40, 3) for text in pair(i).user_1.attributes[0].text.splitlines()}
    shown = {text for _, task in writer.tasks for e in task.examples for text in e.user_1}
    assert len(shown) > 1
    assert not shown & own


def test_a_short_arm_of_comparison_hides_no_collapse(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Writer.generate

    async def mute(self: Writer, task: Task) -> Candidate:
        if task.attempt == ATTEMPT and task.sample == ARMS.index(FEW_SHOT):
            raise Refused("repetition", "it is all the same")
        return await real(self, task)

    monkeypatch.setattr(Writer, "generate", mute)
    (row,), _, _ = run(Adapter("echo 9", "a"))
    assert row.status == "rejected"
    assert "distinct 2" in row.reason
    assert isinstance(row.data, dict)
    assert row.data["figures"]["few-shot only"]["distinct_2"] is None


def test_an_adapter_that_makes_more_conversations_succeed_is_adopted(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Writer.generate

    async def mute(self: Writer, task: Task) -> Candidate:
        if task.attempt == ATTEMPT and task.sample == ARMS.index(CURRENT) and task.pair.index:
            raise Refused("repetition", "it is all the same")
        return await real(self, task)

    monkeypatch.setattr(Writer, "generate", mute)
    (row,), school, _ = run(Adapter("flat 9", "a"))
    assert row.status == "accepted", row.reason
    assert school.now == "flat 9"


def test_too_few_held_out_pairs_are_refused() -> None:
    with pytest.raises(ImpossibleRequest, match=r"2 pair\(s\) are of the split valid and trying an adapter needs 3"):
        run(Adapter("good 8", "a"), pairs=6)


def test_a_small_loss_within_the_tolerance_is_no_fault() -> None:
    before = Figures(0.9, 0.5, 0.9, 0.8, 0.5)
    after = Figures(0.89, 0.49, 0.9, 0.8, 0.5)
    assert worse(before, after, 0.5, (1.0, 1.0), 0.02) == []
    assert worse(before, after, None, None, 0.0) == ["accepted 0.90 to 0.89", "coverage 0.50 to 0.49"]
