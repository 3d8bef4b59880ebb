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
        ("I live in Virginia.", "We live in West Virginia."),
        ("I have no kids.", "I am a father of two."),
        ("I am a baker.", "I am a high school teacher."),
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


@pytest.mark.parametrize(
    ("attribute", "claim"),
    [
        ("I am vegan.", "I eat no meat at all."),
        ("I am a vegetarian.", "I love a good veggie burger."),
        ("I am a vegetarian.", "I ate two vegan sausages."),
        ("I am a vegetarian.", "I had a pet chicken."),
        ("I drive an old Volvo.", "I do not drive alone."),
        ("I drive an old Volvo.", "I never drive at night."),
        ("I drive an old Volvo.", "I can't drive stick."),
        ("I drive an old Volvo.", "I don't drive a truck."),
        ("I can't drive.", "My dream car is red."),
        ("I can't drive.", "Ferrari is my favorite car company."),
        ("I don't own a car.", "I drive a bus."),
        ("I don't own a car.", "I sold my car."),
        ("I am a nurse.", "I worked as a clown in the circus."),
        ("I am a baker.", "I am retired from the army."),
        ("I am a cashier.", "I've never worked anywhere before."),
        ("I am a chef.", "I quit my job to become a chef."),
        ("I am a nurse.", "I am a bad cook."),
        ("I am a nurse.", "I'm a great dancer."),
        ("I am a nurse.", "I am an aspiring writer."),
        ("I am a nurse.", "I am an avid fisherman."),
        ("I am a baker.", "I am a huge Doctor Who fan."),
        ("I am a baker.", "I am a model building enthusiast."),
        ("I am a baker.", "I am a bad judge of character."),
        ("I am a baker.", "I am a judge of character."),
        ("I am a baker.", "I'm a war vet."),
        ("I am thirty.", "I am 5 7 tall."),
        ("I am thirty.", "I am five years older than my wife."),
        ("I am thirty.", "I am three years sober."),
        ("I am thirty.", "I am 80 kg."),
        ("I am thirty.", "I'm 10 blocks away."),
        ("I am thirty.", "My mother talks to me like I'm 9."),
        ("I am thirty.", "By the time I am 40 I want a house."),
        ("I am thirty.", "I turned 20 acres into a garden."),
        ("I am thirty.", "I'm almost thirty-one."),
        ("I was born in Chicago.", "I grew up in Boston."),
        ("I have no pets.", "I have a cat allergy."),
        ("I have no pets.", "I got a dog bite."),
        ("I have no pets.", "I have cat hair on my coat."),
        ("I have no pets.", "My dog died last year."),
        ("I have no pets.", "I draw my little pony characters."),
        ("I have a dog.", "I don't have a dog walker."),
        ("I have a horse.", "I never had a horse farm."),
        ("I have no kids.", "My dogs are my kids."),
        ("I have no kids.", "My cats are like my kids."),
        ("I have two kids.", "I am the oldest of five kids."),
        ("I am single.", "My wife and I are divorced."),
        ("I am single.", "I have been married before."),
        ("I am single.", "I am engaged in politics."),
        ("I am not married.", "I am engaged."),
        ("I am married.", "I'm single handedly running it."),
        ("I only have sons.", "My girl friend called."),
        ("I live alone.", "I live with my dog."),
        ("I live in New Mexico.", "I live in Italy."),
        ("I live in Scotland.", "I live in New England."),
        ("I live in China.", "I live in Little Italy."),
        ("I live in Texas.", "I live to hike in Colorado."),
    ],
)
def test_what_only_looks_exclusive_does_not_clash(attribute: str, claim: str) -> None:
    assert not clash(facts(attribute), facts(claim))


@pytest.mark.parametrize(
    "said",
    [
        "I ate two vegan sausages.",
        "I do not drive alone.",
        "I worked as a clown in the circus.",
        "I am a bad cook.",
        "I am a Doctor Who fan.",
        "I am dating doctor Smith.",
        "I'm 6'2\".",
        "I have a cat allergy.",
        "I don't have a dog walker.",
        "My wife and I are divorced.",
        "My girl friend called.",
        "I live in New England.",
        "I'm a mom to two cats.",
    ],
)
def test_silence_is_preferred_to_a_wrong_fact(said: str) -> None:
    assert facts(said) == frozenset()


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        ("I eat no meat at all.", Fact("meat", "-")),
        ("I am a mother of three.", Fact("child", "")),
        ("I am a father.", Fact("child", "")),
        ("I'm a single dad.", Fact("child", "")),
        ("We have two kids.", Fact("child", "")),
        ("I have an 18 year old son.", Fact("child", "")),
        ("My 5 year old son plays chess.", Fact("child", "")),
        ("I am a grandfather of five.", Fact("grandchild", "")),
        ("I am a 30 year old female.", Fact("age", "30")),
        ("I am a high school teacher.", Fact("job", "teacher")),
        ("I am a special ed teacher.", Fact("job", "teacher")),
        ("I am a convenience store manager.", Fact("job", "manager")),
        ("I was born and raised in Ohio.", Fact("raised state", "ohio")),
        ("I live in New Mexico.", Fact("home state", "new mexico")),
        ("I live in West Virginia.", Fact("home state", "west virginia")),
        ("I live with two friends.", Fact("company", "")),
    ],
)
def test_plain_facts_are_read(said: str, fact: Fact) -> None:
    assert fact in facts(said)


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        ("I can't drive a car.", Fact("driving", "-")),
        ("I do not drive anymore.", Fact("driving", "-")),
        ("I don't drive, so I walk.", Fact("driving", "-")),
        ("I never learned to drive.", Fact("driving", "-")),
        ("I lost my job at a toy store.", Fact("job", "-")),
        ("I am a nurse and a dog owner.", Fact("job", "nurse")),
        ("I have been a baker for ten years.", Fact("job", "baker")),
        ("I turned forty last month.", Fact("age", "40")),
        ("My little girl is six.", Fact("daughter", "")),
        ("I live with my cat and my aunt.", Fact("company", "")),
        ("I live in West Texas.", Fact("home state", "texas")),
        ("My dog's food is gone.", Fact("pet dog", "")),
    ],
)
def test_caution_leaves_the_plain_facts(said: str, fact: Fact) -> None:
    assert fact in facts(said)


@pytest.mark.parametrize("word", ["i am a ", "my little ", "i have a ", "i live in ", "dogs are ", "we have 2 "])
def test_endless_text_is_read(word: str) -> None:
    told = facts(word * 20_000)
    assert not clash(told, told)
