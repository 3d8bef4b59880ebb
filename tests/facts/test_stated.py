from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.facts.stated import Fact, clash, facts, shared


@pytest.mark.parametrize(
    ("attribute", "claim"),
    [
        ("I am an only child.", "My sister learned to drive in it."),
        ("I have no kids.", "I've got three sons at home."),
        ("I am a vegetarian.", "I eat steak every Friday."),
        ("I do not have any pets.", "My hamster got out."),
        ("I have never had a dog.", "I have two dogs."),
        ("I am thirty-four years old.", "I'm fifty now."),
        ("I am a dentist.", "I work as a firefighter."),
        ("I am unemployed.", "I am a plumber."),
        ("I live in Texas.", "We live in Ohio now."),
        ("I can not drive.", "I parked my car outside."),
        ("I am single.", "My wife is a chef."),
        ("I live alone.", "I live with my two brothers."),
        ("I have two brothers.", "I have four brothers."),
        ("I have no grandchildren.", "My grandkids broke it."),
        ("I only have daughters.", "My oldest son drove me."),
        ("I only have sisters.", "My brothers race cars."),
        ("I have no dogs.", "I have two dogs."),
        ("I have one little girl.", "I do not have kids of my own."),
        ("I am a vegetarian.", "Well, I only eat meat."),
        ("I do not have any pets.", "I have a couple of dogs."),
        ("I do not have any pets.", "I have my own horse."),
        ("I do not have any pets.", "I have got a dog."),
        ("I have no kids.", "I have like two kids."),
        ("I am an only child.", "I have lots of siblings."),
        ("I have no sons.", "My oldest son drove me."),
        ("I don't have any sisters.", "My little sister called."),
    ],
)
def test_what_excludes_each_other_clashes_both_ways(attribute: str, claim: str) -> None:
    assert clash(facts(attribute), facts(claim))
    assert clash(facts(claim), facts(attribute))
    assert shared(facts(attribute), facts(claim))


@pytest.mark.parametrize(
    ("attribute", "claim"),
    [
        ("I am an only child.", "Your sister called."),
        ("I have three sons.", "My kids are loud."),
        ("I only have daughters.", "My girls are loud."),
        ("I have grandchildren.", "My granddaughter called."),
        ("I am a vegetarian.", "I never eat bacon."),
        ("I have a dog.", "My cat is asleep."),
        ("I am a nurse.", "I used to be a waitress."),
        ("I am a nurse.", "I am a paramedic."),
        ("I am a nurse.", "I want to be a pilot."),
        ("I am thirty years old.", "My daughter is ten."),
        ("I live in Texas.", "I grew up in Ohio."),
        ("I am a widower.", "My wife did all this for years."),
        ("I am sixteen years old.", "My dad locks me up until I'm thirty."),
        ("I am single.", "Are you married?"),
        ("I have two brothers.", "I have two brothers and a car."),
        ("I have no dogs.", "I don't have any dogs at all, sadly."),
        ("I have no cats.", "I have no pets at all."),
        ("I have no children.", "I have never wanted kids."),
        ("I have no brothers.", "I have a sister."),
        ("I have no brothers.", "I am an only child."),
        ("I don't have any pets.", "My sister has dogs."),
        ("I have no pets.", "My best friend owns a cat and my boss has horses."),
        ("I have no pets.", "I got a hot dog at the game."),
        ("I have no pets.", "I work beside my favorite dog park."),
        ("I have no kids.", "I have a friend with kids."),
        ("I have a dog.", "I have no dog food left."),
        ("I have no children.", "I have 2 little girls on my soccer team."),
        ("I have no children.", "I have a 5 year old boy dog."),
    ],
)
def test_what_goes_together_does_not_clash(attribute: str, claim: str) -> None:
    assert not clash(facts(attribute), facts(claim))


def test_facts_have_a_kind_and_a_value() -> None:
    assert Fact("age", "25") in facts("I am twenty-five years old.")
    assert Fact("job", "nurse") in facts("I'm a nurse, and I do nights.")
    assert facts("Are you a nurse?") == frozenset()
    assert facts("I'm not a doctor.") == frozenset()


@pytest.mark.parametrize(
    "said",
    [
        "I have no dogs.",
        "I have no sons.",
        "I have never wanted kids.",
        "I have no brother.",
        "You have a dog.",
    ],
)
def test_what_is_denied_or_another_s_is_not_had(said: str) -> None:
    assert "" not in {fact.value for fact in facts(said)}


def test_a_sister_s_cat_is_not_ones_own() -> None:
    assert facts("My sister has two cats.") == {Fact("sibling", ""), Fact("sister", "")}
    assert facts("My two old dogs keep me busy.") == {Fact("pet", ""), Fact("pet dog", "")}


@given(st.text(max_size=80))
def test_no_text_clashes_with_itself(text: str) -> None:
    assert not clash(facts(text), facts(text))


def test_a_denied_job_is_no_job() -> None:
    assert facts("I am no vet.") == frozenset()
    assert facts("I am a vet for horses.") == {Fact("job", "vet")}
