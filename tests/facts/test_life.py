from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.facts.lexicon import CITIES, GROWN, JOBS, LEARNED, PLACES, STRENUOUS
from duologue.facts.life import OLDEST, exclude, life


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("I'm fourteen and already six feet tall.", "I have three young daughters.", "age"),
        ("I pilot cargo ships through the Panama Canal.", "I'm sixteen and cannot wait to be taken seriously.", "age"),
        ("I turned eighteen last month.", "I am a social worker for the city.", "age"),
        ("I am eighty-one and rather pleased about it.", "I am a lifeguard at a beach.", "age"),
        ("I celebrated my eightieth birthday in March.", "My parents own a Chinese restaurant.", "age"),
        ("I am in my twenties.", "My grandson plays the drums.", "age"),
        ("I'm thirty.", "I have been married for twenty years.", "age"),
        ("I turned eighteen last month.", "My children are all grown up.", "age"),
        ("I am a sophomore.", "I retired from the railroad.", "age"),
        ("My parents pay my rent.", "My grandson gave me a tablet.", "age"),
        ("I drive a night bus through Glasgow.", "I work in a gold mine.", "work"),
        ("I am a nurse.", "I work at a hospital for animals.", "work"),
        ("I carried the mail before retiring.", "I work as a vet for farm animals.", "work"),
        ("I live in Texas.", "I moved to Ohio last year.", "place"),
        ("I guide visitors through a salt mine in Poland.", "I have never set foot outside Ohio.", "place"),
        ("We live in downtown Chicago.", "I rent a room in Tokyo.", "place"),
        ("My husband died four years ago.", "My wife and I expect a baby.", "partner"),
        ("I am still single.", "My girlfriend is a pilot.", "partner"),
        ("My husband cooks.", "My wife sings.", "partner"),
        ("I just became a grandmother.", "My beard is down to my belt.", "sex"),
        ("I have no kids.", "My son is ten.", "fact"),
        ("I am a grandfather of five.", "I am twenty.", "age"),
        ("I am a mother of three.", "I am a 14 year old boy.", "age"),
        ("For thirty years I cut meat.", "I'm thirty.", "age"),
        ("I am the mother of twin boys.", "My beard is down to my belt.", "sex"),
        ("I live in Paris, Texas.", "I live in France.", "place"),
        ("I live in West Virginia.", "I live in Virginia.", "place"),
        ("I got a job as a waitress.", "I am a nurse.", "work"),
        ("I travel for work.", "I am a nurse.", "work"),
    ],
)  # fmt: skip
def test_two_lives(first: str, second: str, why: str) -> None:
    assert exclude(life(first), life(second)) == why
    assert exclude(life(second), life(first)) == why


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("I'm fourteen.", "My sister is a nurse."),
        ("I am forty.", "I have three daughters."),
        ("I am a nurse.", "I want to be a pilot."),
        ("I am a nurse.", "I used to work in a bakery."),
        ("I work as a nurse.", "I work on my car on weekends."),
        ("I am a first grade teacher.", "I have a three year old."),
        ("I am a humble baker.", "I look forward to retiring."),
        ("My father is retired.", "I am a roofer."),
        ("I live in Texas.", "I grew up in Ohio."),
        ("I live in Texas.", "I want to see Japan."),
        ("I live in France.", "I rent a room in Paris."),
        ("My ex-husband kept the dog.", "My husband sings."),
        ("My husband died last year.", "I have two sons."),
        ("I am a guy who likes to cook.", "I am close to my mother."),
        ("I am six feet tall.", "I have been married for thirty years."),
        ("I was a teacher.", "I drive a taxi."),
        ("When I turned sixteen my dad left.", "I am a judge."),
        ("My parents have been married for forty years.", "I am twenty."),
        ("I am a farmer and my family has owned this land for 90 years.", "I am thirty."),
        ("My grandson helps me with my homework.", "I am eighty."),
        ("I want to retire when I am sixty.", "I am thirty."),
        ("I am married to a man.", "I am six months pregnant."),
        ("I am in love with a girl.", "My beard is long."),
        ("I am dating a woman.", "My beard is long."),
        ("I am looking for a wife.", "My beard is down to my belt."),
        ("I am the son of a single mother.", "My beard is down to my belt."),
        ("My mother of pearl comb is old.", "My beard is down to my belt."),
        ("I'm not single.", "My wife sings."),
        ("I am tired every single morning.", "My wife sings."),
        ("I am divorced.", "My girlfriend is a pilot."),
        ("I live in Paris, Texas.", "I live in Houston."),
        ("I live in Manchester, New Hampshire.", "I work in New Hampshire."),
        ("I make a mean turkey sandwich.", "I live in Texas."),
        ("I make china dolls.", "I live in Texas."),
        ("I am a Dallas Cowboys fan.", "I live in Houston."),
        ("I live in New England.", "I live in Maine."),
        ("I live in Little Italy.", "I live in New York."),
        ("I live to hike in Colorado.", "I live in Utah."),
        ("I manage to sleep ten hours.", "I am a nurse."),
        ("I work out at the gym.", "I am a nurse."),
        ("I grow tomatoes in the garden.", "I am a nurse."),
        ("I see a therapist for work stress.", "I am a nurse."),
        ("My husband travels for work.", "I am a nurse."),
        ("I am looking for work.", "I am a nurse."),
        ("I am dating a nurse.", "I am a baker."),
        ("I am a bad cook.", "I am a nurse."),
        ("I worked as a clown in the circus.", "I am a nurse."),
    ],
)
def test_one_life(first: str, second: str) -> None:
    assert exclude(life(first), life(second)) == ""
    assert exclude(life(second), life(first)) == ""


def test_ages_that_exclude_each_other_are_none() -> None:
    told = life("I am a farmer and I have owned this land for 90 years.")
    assert (told.youngest, told.oldest) == (0, OLDEST)


def test_the_word_lists_fit_each_other() -> None:
    assert set(CITIES) == set(PLACES["city"])
    assert JOBS >= GROWN | STRENUOUS | LEARNED
    assert not LEARNED & GROWN


@given(st.text(max_size=120), st.text(max_size=120))
def test_any_text_is_read_and_the_order_is_the_same(first: str, second: str) -> None:
    one, other = life(first), life(second)
    assert exclude(one, other) == exclude(other, one)
    assert 0 <= one.youngest <= one.oldest <= 110
