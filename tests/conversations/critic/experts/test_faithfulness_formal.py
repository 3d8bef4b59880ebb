from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from duologue.backends.protocol import Answer, Features, Request, TokenLogprob
from duologue.backends.scripted import ScriptedBackend
from duologue.conversations.critic.experts.faithfulness_formal import FaithfulnessFormal, per_token
from duologue.conversations.critic.protocol import CriticContext
from duologue.errors import ConfigError, ItemFailed
from duologue.records import Verdict

VET, CELLO = "I treat horses.", "I play the cello."


class ScoringJudge:
    """Scores each attribute by a table: its log probability given a conversation; -2 given none."""

    model = "judge"
    features = Features(scoring=True)

    def __init__(self, **given: float) -> None:
        self.given = given
        self.requests: list[Request] = []

    async def call(self, request: Request) -> Answer:
        self.requests.append(request)
        alone = "Nothing is known" in request.messages[-1].content
        logprob = -2.0 if alone else self.given[request.score.split()[1]]
        return Answer(request.score, logprobs=(TokenLogprob("I", logprob), TokenLogprob("x", logprob)))


def _context(bench: Any, judge: Any, **config: Any) -> CriticContext:
    context: CriticContext = replace(bench.context(**config), judge=judge)
    return context


def _judge(bench: Any, candidate: Any, judge: Any, **config: Any) -> Verdict:
    made = candidate(["Do you ride?", "No, I heal hooves."], [CELLO], [VET])
    return asyncio.run(FaithfulnessFormal(_context(bench, judge, **config)).judge(made))


def test_likelier_attributes_pass_with_the_mean_gain(bench: Any, candidate: Any) -> None:
    judge = ScoringJudge(play=-1.5, treat=-0.5)
    verdict = _judge(bench, candidate, judge)
    assert verdict.passed
    assert verdict.value == pytest.approx(1.0)
    assert verdict.reason == "User 1's attributes, nats a token: +0.50; User 2's attributes, nats a token: +1.50"
    assert len(judge.requests) == 4
    assert all(r.score in (VET, CELLO) for r in judge.requests)


def test_a_less_likely_attribute_rejects_and_is_named(bench: Any, candidate: Any) -> None:
    verdict = _judge(bench, candidate, ScoringJudge(play=-2.2, treat=-0.5), formal_margin=0.0)
    assert not verdict.passed
    assert CELLO in verdict.reason
    assert "-0.20 nats" in verdict.reason
    assert VET not in verdict.reason


def test_the_margin_allows_for_a_little_loss(bench: Any, candidate: Any) -> None:
    judge = ScoringJudge(play=-2.2, treat=-0.5)
    assert _judge(bench, candidate, judge, formal_margin=0.3).passed
    assert not _judge(bench, candidate, judge, formal_margin=0.1).passed


def test_only_the_owner_is_heard_and_the_question_that_it_answers(bench: Any, candidate: Any) -> None:
    judge = ScoringJudge(play=-1.0, treat=-1.0)
    made = candidate(["Hi. Do you ride?", "No, I heal hooves.", "Nice. I play at home."], [CELLO], [VET])
    asyncio.run(FaithfulnessFormal(_context(bench, judge)).judge(made))
    shown = {r.score: r.messages[-1].content for r in judge.requests if "Nothing" not in r.messages[-1].content}
    assert "- (asked: Do you ride?) No, I heal hooves." in shown[VET]
    assert "I play at home" not in shown[VET]
    assert "- Hi. Do you ride?\n- Nice. I play at home." in shown[CELLO]
    assert "hooves" not in shown[CELLO]


def test_without_scoring_it_is_a_configuration_error(bench: Any) -> None:
    with pytest.raises(ConfigError, match="faithfulness-formal needs a model"):
        FaithfulnessFormal(bench.context())


def test_a_server_that_gives_nothing_makes_it_abstain(bench: Any, candidate: Any) -> None:
    class Silent(ScoringJudge):
        async def call(self, request: Request) -> Answer:
            return Answer(request.score)

    verdict = _judge(bench, candidate, Silent())
    assert verdict.passed
    assert verdict.reason.startswith("abstained")


def test_a_failed_call_is_passed_on(bench: Any, candidate: Any) -> None:
    class Broken(ScoringJudge):
        async def call(self, request: Request) -> Answer:
            raise ItemFailed("no")

    with pytest.raises(ItemFailed):
        _judge(bench, candidate, Broken())


def test_the_scripted_model_prefers_what_was_said(bench: Any, candidate: Any) -> None:
    backend = ScriptedBackend()

    class Caller:
        model, features = backend.model, backend.features

        async def call(self, request: Request) -> Answer:
            return await backend.answer(request)

    made = candidate(["Hi.", "All day I treat horses."], [CELLO], [VET])
    gains = asyncio.run(FaithfulnessFormal(_context(bench, Caller())).gains(made))
    assert gains is not None
    by_text = {g.attribute.text: g.nats for g in gains}
    assert by_text[VET] > 1.0 > by_text[CELLO]


def test_per_token_is_a_mean() -> None:
    assert per_token(Answer("a", logprobs=(TokenLogprob("a", -1.0), TokenLogprob("b", -3.0)))) == -2.0
