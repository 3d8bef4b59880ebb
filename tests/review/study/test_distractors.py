"""Tests of the attributes that a speaker does not have."""

from __future__ import annotations

import random

import pytest

from duologue.review.study.distractors import contradiction, distractors, negation, unrelated


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("I am a nurse.", "I am not a nurse."),
        ("i'm an avid kayaker.", "i'm not an avid kayaker."),
        ("I have two dogs.", "I do not have two dogs."),
        ("I really like to travel.", "I really do not like to travel."),
        ("I don't drink coffee.", "I drink coffee."),
        ("I am not married.", "I am married."),
        ("I can swim.", "I cannot swim."),
        ("My favourite colour is green.", "My favourite colour is not green."),
        ("Knitting is my passion.", "Knitting is not my passion."),
        ("I never eat meat.", "I often eat meat."),
        ("I was born in Oslo.", "I was not born in Oslo."),
        ("I have visited Spain.", None),
        ("Hello there.", None),
    ],
)
def test_negation(text: str, negated: str | None) -> None:
    assert negation(text) == negated


def test_contradictions_come_from_clashing_facts_or_a_word_exchanged() -> None:
    rng = random.Random(0)
    assert contradiction("I am a nurse.", ("I like tea.", "I work as a plumber."), rng) == "I work as a plumber."
    assert contradiction("I love the summer.", (), rng) == "I hate the summer."
    six = contradiction("I have two sisters at sea.", (), rng)
    assert six
    assert six.startswith("I have ")
    assert six.split()[2] in {"four", "five", "six", "seven", "eight", "nine"}
    assert contradiction("I whistle.", (), rng) is None


def test_unrelated_ones_share_no_content() -> None:
    found = unrelated(
        ("I have two dogs.",),
        ("My dog is old.", "I bake bread.", "Baking bread calms me.", "I ski."),
        3,
        random.Random(1),
    )
    assert "My dog is old." not in found
    assert len(found) == 2
    assert "I ski." in found


def test_too_few_may_share_a_word_with_the_partner_but_no_fact() -> None:
    own, partner = ("I have two dogs.",), ("I ski in Norway.", "I bake bread.")
    others = (
        "My dog is old.",
        "I paint Norway.",
        "I bake bread daily.",
        "I bake.",
        "I bake cakes for a shop.",
        "I sing.",
    )
    for seed in range(20):
        found = unrelated(own, others, 3, random.Random(seed), partner)
        # What shares nothing goes first.
        assert found[0] == "I sing."
        assert set(found[1:]) == {"I paint Norway.", "I bake cakes for a shop."}
    assert unrelated(own, others, 1, random.Random(0), partner) == ["I sing."]


def test_four_of_three_kinds_none_of_which_anyone_has() -> None:
    own = ("I am a nurse.", "I love the summer.", "I have two dogs.", "My mother paints.")
    partner = ("I work as a plumber.", "I play chess.")
    others = ("I ski.", "I bake bread.", "I collect maps.", "My car is red.", "I play chess.")
    for seed in range(20):
        found = distractors(own, partner, others, random.Random(seed))
        assert [kind for kind, _ in found] == ["negated", "contradicting", "random", "random"]
        assert not {text for _, text in found} & {*own, *partner}
        assert len({text for _, text in found}) == 4
    assert distractors(own, partner, others, random.Random(1)) == distractors(own, partner, others, random.Random(1))
