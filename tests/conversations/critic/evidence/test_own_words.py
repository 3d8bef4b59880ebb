"""Pairs of claims of one speaker."""

from __future__ import annotations

from typing import Any

from duologue.conversations.critic.evidence.cells import Inference
from duologue.conversations.critic.evidence.own_words import FEATURES, ClaimPair, claim_pairs
from duologue.conversations.critic.evidence.readings import readings


def _pairs(bench: Any, *utterances: str) -> list[ClaimPair]:
    said = [r for i in range(len(utterances)) for r in readings(utterances, i)]
    return claim_pairs(said, bench.embedder, Inference(bench.nli))


def test_claims_of_one_speaker_about_one_thing_are_paired(bench: Any) -> None:
    (pair,) = _pairs(bench, "I have two dogs.", "I have no dogs.", "I never had any dogs.")
    assert (pair.first.text, pair.second.text) == ("I have two dogs.", "I never had any dogs.")
    assert set(pair.features) == set(FEATURES)


def test_questions_wishes_and_other_topics_are_not(bench: Any) -> None:
    assert _pairs(bench, "I have two dogs.", "Nice.", "I wish I had dogs.", "Do you?", "I bake bread.") == []


def test_facts_that_exclude_each_other_clash_without_inference(bench: Any) -> None:
    (pair,) = _pairs(bench, "I am an only child.", "Oh.", "My brother is a cook.")
    assert pair.features["clash"] == 1.0
    assert pair.features["same_fact"] == 1.0


def test_another_time_or_a_condition_makes_a_contradiction_weaker(bench: Any) -> None:
    said = ("I like pickles.", "Oh.", "I never liked pickles before I moved.")
    bench.nli.contradicts(said[0], said[2])
    (pair,) = _pairs(bench, *said)
    assert (
        pair.features["contradicts_bound"] == pair.features["contradicts_denial"] == pair.features["contradicts_sure"]
    )
    (plain,) = _pairs(bench, said[0], "Oh.", "I never liked pickles.")
    assert plain.features["contradicts_bound"] == 0.0
