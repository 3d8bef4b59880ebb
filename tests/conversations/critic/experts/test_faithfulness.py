from __future__ import annotations

import asyncio
from typing import Any

import pytest

from duologue.conversations.critic.experts.faithfulness import FaithfulnessNli
from duologue.conversations.critic.experts.statements import premises, rare, statement
from duologue.records import Verdict

VET = "I am a vet for horses."
CELLO = "I play the cello at home."


def _judge(bench: Any, candidate: Any, said: list[str], **config: Any) -> Verdict:
    made = candidate(said, [CELLO], [VET])
    return asyncio.run(FaithfulnessNli(bench.context(**config)).judge(made))


def test_support_by_the_owner_is_coverage(bench: Any, candidate: Any) -> None:
    said = ["I practise the cello in my home.", "As a vet I treat horses."]
    bench.nli.entails(said[0], CELLO)
    bench.nli.entails(said[1], VET)
    verdict = _judge(bench, candidate, said)
    assert verdict.passed
    assert verdict.value == pytest.approx(1.0)
    assert {(e.owner, e.utterance, e.label, e.swapped) for e in verdict.evidence} == {
        (1, 0, "supported", False),
        (1, 1, "neutral", False),
        (2, 0, "neutral", False),
        (2, 1, "supported", False),
    }


def test_a_contradiction_rejects_and_is_named(bench: Any, candidate: Any) -> None:
    said = ["Hello there.", "I am not a vet."]
    bench.nli.contradicts(said[1], VET)
    verdict = _judge(bench, candidate, said)
    assert not verdict.passed
    assert verdict.value < 0
    assert verdict.utterances == (1,)
    assert VET in verdict.reason
    assert "utterance 2" in verdict.reason
    assert verdict.evidence[0].label == "contradicted"


def test_a_contradiction_in_one_direction_only_is_none(bench: Any, candidate: Any) -> None:
    said = ["Hello there.", "I can't stand horses, and I am no vet."]
    bench.nli.table[said[1], VET] = (0.0, 0.01, 0.99)
    assert _judge(bench, candidate, said).passed


def test_a_sure_contradiction_is_not_outvoted_by_shared_words(bench: Any, candidate: Any) -> None:
    said = ["Hello there.", "I can't stand horses, and I am no vet."]
    for text in (said[1], "I can't stand horses", "I am no vet."):
        bench.nli.contradicts(text, VET)
    verdict = _judge(bench, candidate, said)
    assert not verdict.passed
    assert [e.label for e in verdict.evidence if e.utterance == 1 and e.owner == 2] == ["contradicted"]


def test_a_question_contradicts_nothing(bench: Any, candidate: Any) -> None:
    said = ["Hello there.", "Why would I be a vet for horses?"]
    bench.nli.contradicts(said[1], VET)
    assert _judge(bench, candidate, said).passed
    assert said[1] not in {premise for premise, _ in bench.nli.asked}


def test_a_swap_rejects(bench: Any, candidate: Any) -> None:
    said = ["I am a vet for old horses.", "Really?"]
    bench.nli.entails(said[0], VET)
    verdict = _judge(bench, candidate, said)
    assert not verdict.passed
    assert [e.swapped for e in verdict.evidence if e.owner == 2] == [True]
    assert "User 2's attribute" in verdict.reason


def test_talk_about_the_partner_is_no_swap(bench: Any, candidate: Any) -> None:
    said = ["You are a vet for horses, I hear.", "Right."]
    bench.nli.entails(said[0], VET)
    assert _judge(bench, candidate, said).passed


def test_no_swap_where_the_own_profile_says_the_same(bench: Any, candidate: Any) -> None:
    said = ["I am a vet for old horses.", "Really?"]
    own = "I work as a vet with horses."
    bench.nli.entails(said[0], VET)
    bench.nli.entails(said[0], own)
    bench.nli.entails(own, VET)
    made = candidate(said, [own], [VET])
    assert asyncio.run(FaithfulnessNli(bench.context()).judge(made)).passed


def test_unrelated_texts_are_not_asked_about(bench: Any, candidate: Any) -> None:
    _judge(bench, candidate, ["Nice weather outside.", "Rain tomorrow maybe."])
    assert bench.nli.asked == []


def test_too_little_coverage_rejects(bench: Any, candidate: Any) -> None:
    verdict = _judge(bench, candidate, ["Hello there.", "Hi."], min_coverage=0.5)
    assert not verdict.passed
    assert verdict.value == 0.0
    assert "0% of User 1's attributes" in verdict.reason


def test_a_short_answer_is_read_after_its_question(bench: Any, candidate: Any) -> None:
    said = ["Are you a vet for horses?", "Yes, for years."]
    bench.nli.entails(f"{said[0]} {said[1]}", VET)
    verdict = _judge(bench, candidate, said)
    assert [(e.owner, e.utterance) for e in verdict.evidence] == [(2, 1)]


def test_statements_and_premises(candidate: Any) -> None:
    made = candidate(["Do you cook?", "Yes. And you?", "I fry eggs for my three children."])
    assert statement("Do you cook?") == ""
    assert premises(made, 0) == ()
    assert premises(made, 1) == ("Yes.", "Do you cook? Yes.")
    assert premises(made, 2) == (made.utterances[2],)


def test_rare_is_a_shifted_prior() -> None:
    assert rare(0.0) == 0.0
    assert rare(1.0) == 1.0
    assert rare(5 / 6) == pytest.approx(0.5)
