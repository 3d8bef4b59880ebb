from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from duologue.conversations.critic.critic import Critic
from duologue.conversations.critic.protocol import Filter, Quality, asks_model
from duologue.conversations.critic.registry import (
    ASKING,
    FILTERS,
    GUARDS,
    QUALITY,
    build_filters,
    build_guards,
    build_quality,
)
from duologue.errors import ConfigError, ModelError, RunStopped
from duologue.records import Candidate, Comparison, Verdict


def test_a_clean_candidate_passes_all(bench: Any, candidate: Any) -> None:
    critic = Critic.from_config(bench.context(), max_words=30)
    verdicts = asyncio.run(critic.review(candidate(length=(8, 12))))
    assert [v.expert for v in verdicts] == [*bench.context().config.guards, "faithfulness", "toxicity"]
    assert critic.passed(verdicts)
    assert critic.refusal(verdicts) is None


def test_all_guards_speak_and_no_filter_runs_after_a_refusal(bench: Any, candidate: Any) -> None:
    critic = Critic.from_config(bench.context())
    verdicts = asyncio.run(critic.review(candidate(["Hi, I'm [name].", "User 1: As an AI, hello."])))
    assert [v.expert for v in verdicts] == list(GUARDS)
    assert {v.expert for v in verdicts if not v.passed} == {"format", "placeholder", "prompt_leak", "assistant_voice"}
    refusal = critic.refusal(verdicts)
    assert refusal is not None
    assert refusal[0] == "rejected"
    assert refusal[1].expert == "format"


def test_a_filter_that_fails_is_a_verdict_with_its_cause(bench: Any, candidate: Any) -> None:
    bench.judge = bench.failing_judge()
    critic = Critic.from_config(bench.context(filters=("toxicity-llm", "toxicity", "faithfulness-llm")))
    verdicts = asyncio.run(critic.review(candidate()))
    by_name = {v.expert: v for v in verdicts}
    assert by_name["toxicity"].passed
    assert not by_name["toxicity-llm"].passed
    assert "out of reach" in by_name["toxicity-llm"].reason
    assert not critic.passed(verdicts)
    refusal = critic.refusal(verdicts)
    assert refusal is not None
    assert refusal[0] == "failed"


def test_a_filter_that_asks_a_model_is_asked_last_and_only_if_the_others_passed(bench: Any, candidate: Any) -> None:
    bench.judge = bench.judge_that(lambda request: "Yes" if request.purpose == "judge.faithfulness" else "No")
    names = ("faithfulness-llm", "faithfulness", "toxicity-llm", "toxicity")
    critic = Critic.from_config(bench.context(filters=names, guards=()))
    refused = asyncio.run(critic.review(candidate(["You idiot.", "So true."])))
    assert [v.expert for v in refused] == ["faithfulness", "toxicity"]
    assert not bench.judge.requests
    assert [v.expert for v in asyncio.run(critic.review(candidate()))] == list(names)
    assert len(bench.judge.requests) == 2


def test_every_expert_that_asks_a_model_says_so(bench: Any) -> None:
    bench.judge.features = replace(bench.judge.features, scoring=True)
    context = bench.context(filters=tuple(FILTERS), quality=tuple(QUALITY))
    built: list[Filter | Quality] = [*build_filters(context), *build_quality(context)]
    assert {expert.name for expert in built if asks_model(expert)} == ASKING
    assert not asks_model(_Bare())


class _Bare:
    """A third party's filter that says nothing of what it costs."""

    name = "bare"

    async def judge(self, candidate: Candidate) -> Verdict:
        return Verdict(self.name, "filter", 1.0, True)


class _Clumsy:
    """A third party's expert of any kind that meets an error of its own."""

    name = "clumsy"
    both_orders = False
    asks_model = False

    def __init__(self, error: Exception) -> None:
        self.error = error

    def check(self, candidate: Candidate) -> Verdict:
        raise self.error

    async def judge(self, candidate: Candidate) -> Verdict:
        raise self.error

    async def score(self, candidate: Candidate, verdicts: object) -> Verdict:
        raise self.error

    async def compare(self, first: Candidate, second: Candidate, scores: object) -> Comparison:
        raise self.error


def test_an_experts_own_mistake_fails_the_candidate_alone(bench: Any, candidate: Any) -> None:
    clumsy = _Clumsy(IndexError("list index\nout of range"))
    for critic in (Critic(bench.context(), (clumsy,), (), ()), Critic(bench.context(), (), (clumsy,), ())):
        refusal = critic.refusal(asyncio.run(critic.review(candidate())))
        assert refusal is not None
        assert refusal[0] == "failed"
        assert refusal[1].reason == "could not judge: IndexError: list index out of range"
    critic = Critic(bench.context(), (), (), (clumsy,))
    choice = asyncio.run(critic.choose([candidate(sample=1), candidate(sample=2)], {}))
    said = "could not judge: IndexError: list index out of range"
    assert {c.reason for c in choice.comparisons} == {said}
    assert {v.reason for verdicts in choice.scores.values() for v in verdicts} == {said}


def test_what_ends_more_than_one_item_is_passed_on(bench: Any, candidate: Any) -> None:
    clumsy = _Clumsy(ModelError("the model is gone"))
    for critic in (Critic(bench.context(), (clumsy,), (), ()), Critic(bench.context(), (), (clumsy,), ())):
        with pytest.raises(ModelError):
            asyncio.run(critic.review(candidate()))
    with pytest.raises(ModelError):
        asyncio.run(Critic(bench.context(), (), (), (clumsy,)).choose([candidate(), candidate(sample=1)], {}))


def test_rankers_are_checked_whether_or_not_they_are_needed(bench: Any) -> None:
    with pytest.raises(ConfigError, match=r"critic\.rankers: 'overal' is unknown"):
        Critic.from_config(bench.context(rankers=("overal",)))
    assert Critic.from_config(bench.context(rankers=("overall",))).rankers == ()


def test_a_judgement_comes_before_a_failure() -> None:
    failed = Verdict("a", "filter", 0.0, False, "could not judge: no answer")
    against = Verdict("b", "filter", 0.0, False, "bad")
    assert Critic.refusal([failed, against]) == ("rejected", against)
    assert Critic.refusal([Verdict("q", "quality", 0.0, False)]) is None


def test_the_end_of_the_run_is_passed_on(bench: Any, candidate: Any) -> None:
    class Stopping:
        name = "stopping"

        async def judge(self, candidate: Candidate) -> Verdict:
            raise RunStopped("the budget is spent")

    critic = Critic(bench.context(), (), (Stopping(),), ())
    with pytest.raises(RunStopped):
        asyncio.run(critic.review(candidate()))


def test_choose_names_a_winner(bench: Any, candidate: Any) -> None:
    critic = Critic.from_config(bench.context())
    rich, poor = candidate(sample=2), candidate(["Hi.", "Hi.", "Me.", "Me."], sample=1)
    choice = asyncio.run(critic.choose([poor, rich], {}))
    assert choice.winner is rich
    assert [v.expert for v in choice.scores[rich.id]] == list(bench.context().config.quality)
    with pytest.raises(ValueError, match="survivor"):
        asyncio.run(critic.choose([], {}))


@pytest.mark.parametrize(
    ("kind", "build"), [("guards", build_guards), ("filters", build_filters), ("quality", build_quality)]
)
def test_unknown_names_are_refused_with_the_known(kind: str, build: Any, bench: Any) -> None:
    with pytest.raises(ConfigError) as error:
        build(bench.context(**{kind: ("nonsense",)}))
    message = str(error.value)
    assert message.startswith(f"critic.{kind}: 'nonsense' is unknown; there are ")
    assert "\n" not in message


def test_every_shipped_name_can_be_built(bench: Any) -> None:
    aspects = [f"{a}-llm" for a in ("depth", "coherency", "consistency", "diversity", "likable")]
    context = bench.context(
        filters=("faithfulness-llm", "toxicity-llm", "faithfulness", "toxicity"), quality=("depth", *aspects)
    )
    assert [f.name for f in build_filters(context)] == list(context.config.filters)
    assert [q.name for q in build_quality(context)] == list(context.config.quality)


class _Entry:
    name = "shouting"
    value = "plugin:Shouting"

    def __init__(self, broken: bool) -> None:
        self.broken = broken

    def load(self) -> Any:
        if self.broken:
            raise ImportError("no module named plugin")

        class Shouting:
            name = "shouting"

            def __init__(self, context: object) -> None:
                pass

            def check(self, candidate: Candidate) -> Verdict:
                return Verdict(self.name, "guard", 1.0, True)

        return Shouting


def test_plugins_are_built_by_entry_point(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [_Entry(broken=False)]
    monkeypatch.setattr(
        "duologue.conversations.critic.registry.entry_points",
        lambda group: entries if group == "duologue.guards" else [],
    )
    assert [g.name for g in build_guards(bench.context(guards=("format", "shouting")))] == ["format", "shouting"]
    entries[0] = _Entry(broken=True)
    with pytest.raises(ConfigError, match="plugin:Shouting"):
        build_guards(bench.context(guards=("shouting",)))
    entries[0] = _Entry(broken=False)
    monkeypatch.setattr(entries[0], "load", lambda: lambda context: context.nonsense)
    with pytest.raises(ConfigError, match=r"'shouting' \(plugin:Shouting\) can't be loaded: AttributeError"):
        build_guards(bench.context(guards=("shouting",)))
