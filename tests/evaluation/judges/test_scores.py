"""Tests of the judges of single conversations, one by one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.backends.protocol import Answer, Features, Request, TokenLogprob
from duologue.errors import ItemFailed
from duologue.evaluation.judges import geval, gpt_score, llm_eval
from duologue.evaluation.judges.formal import Formal
from duologue.evaluation.judges.protocol import Unavailable
from duologue.evaluation.view import Roles, View

Views = Callable[..., View]
FULL = Features(logprobs=True, scoring=True, json_schema=True)


class Says:
    """A caller that answers by a function and keeps what it was asked."""

    model = "says"

    def __init__(self, say: Callable[[Request], Answer], features: Features = FULL) -> None:
        self.features = features
        self.asked: list[Request] = []
        self._say = say

    async def call(self, request: Request) -> Answer:
        self.asked.append(request)
        return self._say(request)


@pytest.fixture
def talk(make_view: Views) -> View:
    return make_view("Hi, who are you?", "I am Ann, I row.", one=["I swim."], two=["I row."])


def tokens(*parts: tuple[str, float]) -> tuple[TokenLogprob, ...]:
    """One token with its alternatives, by probability."""
    top = tuple((text, math.log(p)) for text, p in parts)
    return (TokenLogprob(top[0][0], top[0][1], top),)


def test_geval_weighs_the_numbers_by_their_probabilities(talk: View) -> None:
    caller = Says(lambda r: Answer("4", logprobs=tokens(("4", 0.5), ("2", 0.25), ("x", 0.25))))
    made: object = asyncio.run(geval.GEval(caller, seed=0, draws=5).rate(talk, "depth"))
    assert made == {"geval_depth": (pytest.approx((4 * 0.5 + 2 * 0.25) / 0.75), 1.0)}
    (request,) = caller.asked
    assert request.sampling.temperature == 0.0
    assert request.top_logprobs > 0
    assert "I am Ann, I row." in request.messages[-1].content
    assert request.messages[-1].content.endswith("- depth:")


def test_the_form_is_begun_where_the_model_can_go_on(talk: View) -> None:
    for features, begun in ((FULL, ""), (Features(logprobs=True, prefill=True), "- depth: ")):
        caller = Says(lambda r: Answer("4", logprobs=tokens(("4", 0.5), ("2", 0.5))), features)
        asyncio.run(geval.GEval(caller, seed=0, draws=5).rate(talk, "depth"))
        assert [request.prefill for request in caller.asked] == [begun]


@pytest.mark.parametrize("features", [Features(), FULL])
def test_geval_draws_several_answers_without_probabilities(talk: View, features: Features) -> None:
    answers = ["3", "I say 5.", "none", "4", "0"]
    caller = Says(lambda r: Answer(answers[r.sample - 1] if r.sample else "2"), features)
    made = asyncio.run(geval.GEval(caller, seed=0, draws=5).rate(talk, "likable"))
    assert made == {"geval_likable": (4.0, 1.0)}
    drawn = [r for r in caller.asked if r.sample]
    assert len({r.key for r in drawn}) == 5
    assert {r.sampling.temperature for r in drawn} == {1.0}
    with pytest.raises(ItemFailed, match="no number"):
        asyncio.run(geval.GEval(Says(lambda r: Answer("well"), features), seed=0, draws=2).rate(talk, "depth"))


@pytest.mark.parametrize(
    ("text", "number"), [("4", 4), ("- depth: 3", 3), ("Score: 5/5", 5), ("10", None), ("4.5", None), ("6", None)]
)
def test_numbers_are_read_whole(text: str, number: int | None) -> None:
    assert geval.number(text) == number


def test_gpt_score_is_the_log_likelihood_of_yes(talk: View) -> None:
    caller = Says(lambda r: Answer(r.score, logprobs=(TokenLogprob("Yes", -0.5),)))
    judge = gpt_score.GptScorer(caller, seed=0)
    assert asyncio.run(judge.rate(talk, "depth")) == {"gpt_score_depth": (-0.5, 1.0)}
    assert caller.asked[0].score == "Yes"


def test_gpt_score_takes_first_tokens_where_text_is_not_scored(talk: View) -> None:
    caller = Says(lambda r: Answer("No", logprobs=() if r.score else tokens(("No", 0.8), (" yes", 0.2))))
    judge = gpt_score.GptScorer(caller, seed=0)
    for _ in range(2):
        made: object = asyncio.run(judge.rate(talk, "depth"))
        assert made == {"gpt_score_depth": (pytest.approx(math.log(0.2)), 1.0)}
    # That the server scores no text is found out once.
    assert [bool(r.score) for r in caller.asked] == [True, False, False]
    never = Says(lambda r: Answer("No", logprobs=tokens(("No", 1.0))), Features(logprobs=True))
    with pytest.raises(ItemFailed, match="not among"):
        asyncio.run(gpt_score.GptScorer(never, seed=0).rate(talk, "depth"))


@pytest.mark.parametrize("features", [Features(), FULL])
def test_gpt_score_and_the_formal_definition_say_when_there_are_no_probabilities(
    talk: View, features: Features
) -> None:
    caller = Says(lambda r: Answer("Yes"), features)
    with pytest.raises(Unavailable, match="no token probabilities"):
        asyncio.run(gpt_score.GptScorer(caller, seed=0).rate(talk, "depth"))

    async def formal() -> None:
        await Formal(caller, Roles(), seed=0).rate(talk, "")

    with pytest.raises(Unavailable, match="no token probabilities"):
        asyncio.run(formal())


def test_the_formal_definition_by_hand(make_view: Views) -> None:
    """Rowing gains by the talk and swimming loses by it, so the conversation is not faithful."""
    view = make_view("Hello there.", "I row.", one=["I swim."], two=["I row."])

    def say(request: Request) -> Answer:
        known = "Nothing is known" in request.messages[-1].content
        nats = -2.0 if known else -1.0 if "row" in request.score else -2.5
        return Answer(request.score, logprobs=(TokenLogprob("I", nats), TokenLogprob(" x", nats)))

    made: object = asyncio.run(Formal(Says(say), Roles(), seed=0).rate(view, ""))
    assert made == {
        "formal_faithful": (0.0, 1.0),
        "formal_attributes": (1.0, 2.0),
        "formal_gain": (pytest.approx(1.0 - 0.5), 2.0),
    }
    assert asyncio.run(Formal(Says(say), Roles(), seed=0).rate(make_view("Hi.", "Ho."), "")) == {}


def test_llm_eval_takes_four_scores_from_one_call(talk: View) -> None:
    form = '{"content": 3, "grammar": 5, "relevance": 4, "appropriateness": 0}'
    caller = Says(lambda r: Answer(f"Here: {form}"))
    made = asyncio.run(llm_eval.LlmEval(caller, seed=0).rate(talk, ""))
    assert made == {
        "llm_eval_content": (3.0, 1.0),
        "llm_eval_grammar": (5.0, 1.0),
        "llm_eval_relevance": (4.0, 1.0),
        "llm_eval_appropriateness": (0.0, 1.0),
    }
    (request,) = caller.asked
    assert request.json_schema is not None
    assert "- I swim." in request.messages[-1].content
    for broken in (
        "",
        "{}",
        form.replace("5", "6"),
        form.replace("5", "true"),
        form[:-1],
        form.replace("grammar", "x"),
    ):
        with pytest.raises(ItemFailed, match="no form"):
            asyncio.run(llm_eval.LlmEval(Says(lambda r, text=broken: Answer(text)), seed=0).rate(talk, ""))  # type: ignore[misc]


@given(st.text(max_size=60))
def test_any_answer_is_read_or_refused(text: str) -> None:
    scores = llm_eval.read(text)
    assert scores is None or set(scores) == set(llm_eval.DIMENSIONS)
    assert geval.number(text) in (None, 1, 2, 3, 4, 5)
