from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.conversations.critic.experts.coherency import Coherency
from duologue.conversations.critic.experts.consistency import Consistency
from duologue.conversations.critic.experts.depth import Depth
from duologue.conversations.critic.experts.diversity import Diversity
from duologue.conversations.critic.experts.likable import Likable
from duologue.conversations.critic.experts.overall import Overall
from duologue.conversations.critic.protocol import asks_model
from duologue.records import Verdict

SHALLOW = ["Hi.", "Hi.", "I am good.", "Me too.", "Good.", "Yes good."]
EXPERTS = [Depth, Coherency, Consistency, Diversity, Likable, Overall]


@pytest.mark.parametrize("kind", EXPERTS)
def test_scores_are_shares_and_named(kind: Any, bench: Any, candidate: Any) -> None:
    expert = kind(bench.context())
    verdict = asyncio.run(expert.score(candidate(), {}))
    assert verdict.kind == "quality"
    assert verdict.passed
    assert 0.0 <= verdict.value <= 1.0
    assert verdict.expert == kind.name
    assert not asks_model(expert)


@pytest.mark.parametrize("kind", [Depth, Diversity, Likable, Overall])
def test_a_real_conversation_beats_a_shallow_one(kind: Any, bench: Any, candidate: Any) -> None:
    expert = kind(bench.context())
    assert expert.rate(candidate()).value > expert.rate(candidate(SHALLOW)).value


@pytest.mark.parametrize("kind", EXPERTS)
def test_the_reason_says_what_costs_how_much(kind: Any, bench: Any, candidate: Any) -> None:
    bench.nli.contradicts("I am good.", "Good.")
    assert kind(bench.context()).rate(candidate(SHALLOW)).reason.startswith("1 less ")


def test_unanswered_questions_cost_coherency(bench: Any, candidate: Any) -> None:
    expert = Coherency(bench.context())
    good = candidate(["Do you like horses?", "Yes, horses are my life."])
    bad = candidate(["Do you like horses?", "What is the time?"])
    assert expert.rate(good).value > expert.rate(bad).value
    assert expert.rate(bad).utterances == (1,)


def test_a_self_contradiction_costs_consistency(bench: Any, candidate: Any) -> None:
    said = ["I love my horses dearly.", "Ok.", "I never had any horses.", "Ok then."]
    expert = Consistency(bench.context())
    before = expert.rate(candidate(said)).value
    bench.nli.contradicts(said[0], said[2])
    verdict = Consistency(bench.context()).rate(candidate([*said]))
    assert verdict.value == before  # the reading is kept
    fresh = Consistency(bench.context()).rate(candidate([*said, "Right."]))
    assert fresh.value < before - 0.15
    assert fresh.utterances == (0, 2)
    assert said[2] in fresh.reason


def test_two_speakers_may_disagree(bench: Any, candidate: Any) -> None:
    said = ["I love my horses dearly.", "I never had any horses."]
    bench.nli.contradicts(said[0], said[1])
    assert "against" not in Consistency(bench.context()).rate(candidate(said)).reason


def test_a_one_sided_talk_is_less_likable(bench: Any, candidate: Any) -> None:
    expert = Likable(bench.context())
    fair = ["What do you grow?", "Roses. What about you?", "Lovely! I grow beans.", "Nice, beans are great."]
    rude = ["What do you grow?", "Nothing.", "Why is that, you idiot?", "No."]
    assert expert.rate(candidate(fair)).value > expert.rate(candidate(rude)).value


def test_comparison_is_by_score_with_a_margin(bench: Any, candidate: Any) -> None:
    expert = Diversity(bench.context())
    one, two = candidate(sample=1), candidate(sample=2)

    def winner(a: float, b: float) -> str:
        scores = {c.id: Verdict("diversity", "quality", v, True) for c, v in ((one, a), (two, b))}
        return asyncio.run(expert.compare(one, two, scores)).winner

    assert winner(0.5, 0.51) == "tie"
    assert winner(0.5, 0.6) == "second"
    assert winner(0.6, 0.5) == "first"


@pytest.mark.parametrize("kind", EXPERTS)
def test_any_text_gets_a_score(kind: Any, bench: Any, candidate: Any) -> None:
    expert = kind(bench.context())

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.text(max_size=40), max_size=5))
    def check(utterances: list[str]) -> None:
        assert 0.0 <= expert.rate(candidate(utterances)).value <= 1.0

    check()
