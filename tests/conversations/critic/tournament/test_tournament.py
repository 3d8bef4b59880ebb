from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversations.critic.tournament import Choice, Scheme, choose
from duologue.errors import ItemFailed, RunStopped
from duologue.records import Attribute, Candidate, Comparison, Pair, Profile, Verdict

Winner = Literal["first", "second", "tie"]


def _candidates(count: int) -> list[Candidate]:
    one, two = (Profile.of((Attribute.of(t),)) for t in ("I sing.", "I cook."))
    pair = Pair("p-1", 0, one, two)
    return [Candidate(f"k-{i}", pair, 1, 0, i, ("Hi.", "Hey."), "whole", "m", "h", 0) for i in range(count)]


class Fake:
    """Compares by a rule over the ids; scores by a table."""

    def __init__(
        self,
        rule: Callable[[str, str], Winner],
        *,
        name: str = "fake",
        both_orders: bool = False,
        scores: Mapping[str, float] | None = None,
    ) -> None:
        self.name = name
        self.rule = rule
        self.both_orders = both_orders
        self.table = scores or {}
        self.asked: list[tuple[str, str]] = []

    async def score(self, candidate: Candidate, verdicts: Mapping[str, Verdict]) -> Verdict:
        return Verdict(self.name, "quality", self.table.get(candidate.id, 0.5), True)

    async def compare(self, first: Candidate, second: Candidate, scores: Mapping[str, Verdict]) -> Comparison:
        self.asked.append((first.id, second.id))
        assert set(scores) >= {first.id, second.id}
        return Comparison(self.name, first.id, second.id, self.rule(first.id, second.id))


def _prefers(best: str) -> Callable[[str, str], Winner]:
    return lambda a, b: "first" if a == best else "second" if b == best else "tie"


def _run(candidates: list[Candidate], experts: list[Any], verdicts: Mapping[str, Any] | None = None) -> Choice:
    choice = asyncio.run(choose(candidates, experts, verdicts or {}))
    assert choice is not None
    return choice


def test_none_survives() -> None:
    assert asyncio.run(choose([], [Fake(_prefers("k-0"))], {})) is None


def test_a_lone_survivor_wins_and_is_scored() -> None:
    expert = Fake(_prefers("x"), scores={"k-0": 0.3})
    choice = _run(_candidates(1), [expert])
    assert (choice.winner.id, choice.votes, choice.comparisons) == ("k-0", {"k-0": 1.0}, ())
    assert choice.scores["k-0"][0].value == 0.3
    assert expert.asked == []


def test_most_duels_won_wins() -> None:
    experts = [Fake(_prefers("k-2"), name="a"), Fake(_prefers("k-2"), name="b"), Fake(_prefers("k-0"), name="c")]
    choice = _run(_candidates(3), experts)
    assert choice.winner.id == "k-2"
    assert len(choice.comparisons) == 9
    assert choice.votes["k-2"] == pytest.approx((1 + 1 + 0 + 1 + 1 + 0.5) / 6)
    assert sum(choice.votes.values()) * 6 == pytest.approx(9)


def test_a_position_biased_judge_has_no_say() -> None:
    biased = Fake(lambda a, b: "first", both_orders=True)
    choice = _run(_candidates(2), [biased])
    assert sorted(biased.asked) == [("k-0", "k-1"), ("k-1", "k-0")]
    assert choice.votes == {"k-0": 0.5, "k-1": 0.5}
    fair = Fake(_prefers("k-1"), name="fair")
    assert _run(_candidates(2), [biased, fair]).winner.id == "k-1"


def test_both_orders_that_agree_count() -> None:
    choice = _run(_candidates(2), [Fake(_prefers("k-1"), both_orders=True)])
    assert choice.winner.id == "k-1"
    assert choice.votes["k-1"] == 1.0


def test_one_order_a_tie_is_a_tie() -> None:
    half = Fake(lambda a, b: "first" if a == "k-1" else "tie", both_orders=True)
    assert _run(_candidates(2), [half]).votes["k-1"] == 0.5


def _faith(**values: float) -> dict[str, dict[str, Verdict]]:
    return {
        key.replace("_", "-"): {"faithfulness": Verdict("faithfulness", "filter", value, True)}
        for key, value in values.items()
    }


def test_ties_go_by_votes_then_faithfulness_then_score_then_id() -> None:
    tie = _prefers("nobody")
    assert _run(_candidates(3), [Fake(tie)], _faith(k_0=0.1, k_1=0.9, k_2=0.1)).winner.id == "k-1"
    assert _run(_candidates(3), [Fake(tie, scores={"k-2": 0.9})]).winner.id == "k-2"
    assert _run(_candidates(3), [Fake(tie)]).winner.id == "k-0"
    # k-1 and k-0 win a duel each, but k-1 has more votes.
    ring: dict[tuple[str, str], Winner] = {("k-0", "k-1"): "first", ("k-0", "k-2"): "second", ("k-1", "k-2"): "first"}
    experts = [Fake(lambda a, b: ring[a, b]), Fake(lambda a, b: "second" if (a, b) == ("k-0", "k-2") else ring[a, b])]
    extra = [Fake(lambda a, b: "first" if (a, b) == ("k-1", "k-2") else "tie", name="extra")]
    assert _run(_candidates(3), [*experts, *extra], _faith(k_0=1.0, k_1=0.0, k_2=0.0)).winner.id == "k-1"


def test_of_several_faithfulness_experts_the_first_alone_breaks_ties() -> None:
    def said(coverage: float, nats: float) -> dict[str, Verdict]:
        return {
            "faithfulness": Verdict("faithfulness", "filter", coverage, True),
            "faithfulness-formal": Verdict("faithfulness-formal", "filter", nats, True),
        }

    tie = Fake(_prefers("nobody"))
    assert _run(_candidates(2), [tie], {"k-0": said(0.4, 0.1), "k-1": said(0.2, 1.5)}).winner.id == "k-0"


def test_without_experts_the_tie_rules_decide() -> None:
    choice = _run(_candidates(3), [], _faith(k_0=0.0, k_1=0.0, k_2=0.4))
    assert choice.winner.id == "k-2"
    assert choice.comparisons == ()


def test_an_expert_that_fails_calls_a_tie() -> None:
    class Broken(Fake):
        async def score(self, candidate: Candidate, verdicts: Mapping[str, Verdict]) -> Verdict:
            raise ItemFailed("no answer")

        async def compare(self, first: Candidate, second: Candidate, scores: Mapping[str, Verdict]) -> Comparison:
            raise ItemFailed("no answer")

    choice = _run(_candidates(2), [Broken(_prefers("k-0"), name="broken"), Fake(_prefers("k-1"))])
    assert choice.winner.id == "k-1"
    assert choice.comparisons[0].winner == "tie"
    assert "no answer" in choice.comparisons[0].reason
    assert "no answer" in choice.scores["k-0"][0].reason


@given(st.permutations(range(4)), st.dictionaries(st.integers(0, 3), st.sampled_from([0.2, 0.5, 0.8])))
def test_the_outcome_does_not_depend_on_the_order(order: list[int], values: dict[int, float]) -> None:
    def rule(a: str, b: str) -> Winner:
        one, other = (values.get(int(x[-1]), 0.5) for x in (a, b))
        return "tie" if one == other else "first" if one > other else "second"

    candidates = _candidates(4)
    usual = _run(candidates, [Fake(rule)])
    assert _run([candidates[i] for i in order], [Fake(rule)]) == usual
    assert all(0.0 <= vote <= 1.0 for vote in usual.votes.values())


class Judge(Fake):
    """Asks a language model, as far as the tournament can tell: prefers by a table of strengths, and keeps count."""

    def __init__(self, rule: Callable[[str, str], Winner], name: str = "judge-llm") -> None:
        super().__init__(rule, name=name, both_orders=True)
        self.asks_model = True


def _stronger(first: str, second: str) -> Winner:
    return "first" if first > second else "second"


def _noisy(seed: int) -> Callable[[str, str], Winner]:
    """Answers that follow from the seed and the order alone, right three times in four."""

    def rule(first: str, second: str) -> Winner:
        draw = Random(f"{seed}/{first}/{second}").random()
        if draw < 0.1:
            return "tie"
        right = _stronger(first, second)
        return right if draw < 0.75 else "second" if right == "first" else "first"

    return rule


def _judges(seed: int) -> list[Judge]:
    return [Judge(_noisy(10 * seed + number), name=f"e{number}-llm") for number in range(5)]


def _hold(candidates: list[Candidate], experts: list[Any], scheme: Scheme, rankers: Sequence[Any] = ()) -> Choice:
    choice = asyncio.run(choose(candidates, experts, {}, scheme=scheme, rankers=rankers))
    assert choice is not None
    return choice


EXHAUSTIVE = Scheme("exhaustive")


@pytest.mark.parametrize("seed", range(6))
def test_full_certainty_names_the_exhaustive_winner_with_fewer_calls(seed: int) -> None:
    candidates = _candidates(2 + seed)
    full = _hold(candidates, _judges(seed), EXHAUSTIVE)
    sure = _hold(candidates, _judges(seed), Scheme("sequential", certainty=1.0))
    assert full.winner == sure.winner
    assert sure.certainty == 1.0
    assert len(full.comparisons) == 5 * len(candidates) * (len(candidates) - 1)
    assert len(sure.comparisons) < len(full.comparisons)
    assert set(sure.comparisons) <= set(full.comparisons)


def test_less_certainty_asks_less() -> None:
    asked = [
        sum(len(_hold(_candidates(6), _judges(seed), Scheme(certainty=level)).comparisons) for seed in range(4))
        for level in (0.7, 0.97, 1.0)
    ]
    assert asked[0] < asked[1] < asked[2]


def test_the_limit_of_calls_holds() -> None:
    for limit in (0, 1, 7, 20):
        choice = _hold(_candidates(6), _judges(1), Scheme(certainty=1.0, calls=limit))
        assert len(choice.comparisons) <= limit
        assert choice.certainty < 1.0
        assert choice.votes[choice.winner.id] >= 0.0
    led = _hold(_candidates(4), _judges(1), Scheme(calls=0), [Fake(_stronger, scores={"k-2": 0.9})])
    assert led.winner.id == "k-2"


def test_the_same_answers_bring_the_same_calls_whatever_their_timing() -> None:
    class Slow(Judge):
        async def compare(self, first: Candidate, second: Candidate, scores: Mapping[str, Verdict]) -> Comparison:
            await asyncio.sleep(Random(f"{self.name}{first.id}{second.id}").random() / 500)
            return await super().compare(first, second, scores)

    quick = _hold(_candidates(5), _judges(3), Scheme())
    slow = _hold(list(reversed(_candidates(5))), [Slow(j.rule, j.name) for j in _judges(3)], Scheme())
    assert quick == slow


@pytest.mark.parametrize("entrants", [1, 2, 5])
def test_without_language_models_both_schemes_are_one(entrants: int) -> None:
    experts = [Fake(_stronger, name="a", scores={"k-0": 0.9}), Fake(_prefers("k-1"), name="b")]
    ranker = Fake(_stronger, name="ranker")
    assert _hold(_candidates(entrants), experts, Scheme(), [ranker]) == _hold(
        _candidates(entrants), experts, EXHAUSTIVE
    )
    assert ranker.asked == []


def test_embedded_experts_vote_in_every_duel_and_rankers_in_none() -> None:
    free, ranker = Fake(_stronger, name="depth"), Fake(_stronger, name="ranker", scores={"k-0": 0.9})
    choice = _hold(_candidates(5), [free, *_judges(0)], Scheme(), [ranker])
    assert len([c for c in choice.comparisons if c.expert == "depth"]) == 10
    assert ranker.asked == []
    assert [v.expert for v in choice.scores["k-0"]] == ["depth", *(f"e{n}-llm" for n in range(5)), "ranker"]


def test_a_vote_that_is_a_tie_is_not_asked_again() -> None:
    judge = Judge(_prefers("nobody"))
    choice = _hold(_candidates(2), [judge], Scheme(certainty=1.0))
    assert judge.asked == [("k-0", "k-1")]
    assert choice.votes == {"k-0": 0.5, "k-1": 0.5}
    full = Judge(_prefers("nobody"))
    _hold(_candidates(2), [full], EXHAUSTIVE)
    assert len(full.asked) == 2


def test_a_judge_that_sees_only_places_decides_nothing() -> None:
    ranker = Fake(_stronger, name="depth", scores={"k-1": 0.9})
    biased = [Judge(lambda a, b: "first", name=f"e{n}-llm") for n in range(5)]
    choice = _hold(_candidates(3), biased, Scheme(), [ranker])
    assert choice.winner.id == "k-1"
    assert all(share == 0.5 for share in choice.votes.values())


def test_a_judge_out_of_reach_calls_ties_and_teaches_nothing() -> None:
    class Broken(Judge):
        async def compare(self, first: Candidate, second: Candidate, scores: Mapping[str, Verdict]) -> Comparison:
            raise ItemFailed("no answer")

    choice = _hold(_candidates(3), [Broken(_stronger, "a-llm"), Judge(_stronger, "b-llm")], Scheme(certainty=1.0))
    assert choice.winner.id == "k-2"
    assert all(c.winner == "tie" for c in choice.comparisons if c.expert == "a-llm")


def test_the_end_of_the_run_goes_through() -> None:
    class Stopping(Judge):
        async def compare(self, first: Candidate, second: Candidate, scores: Mapping[str, Verdict]) -> Comparison:
            raise RunStopped("the budget is spent")

    with pytest.raises(RunStopped):
        _hold(_candidates(3), [Stopping(_stronger)], Scheme())


def test_every_entrant_is_told_why() -> None:
    choice = _hold(_candidates(4), _judges(2), Scheme())
    assert set(choice.why) == {"k-0", "k-1", "k-2", "k-3"}
    assert choice.why[choice.winner.id].startswith("won ")
    assert f"{len(choice.comparisons)} of 60 comparisons asked" in choice.why[choice.winner.id]
    losers = [why for id_, why in choice.why.items() if id_ != choice.winner.id]
    assert all(why.startswith(f"lost to {choice.winner.id}: ") for why in losers)
    assert not any("\n" in why for why in choice.why.values())
