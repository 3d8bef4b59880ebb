from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.facts.lexicon import CITIES, GROWN, JOBS, LEARNED, PLACES, STRENUOUS
from duologue.facts.life import exclude, life


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
    ],
)
def test_one_life(first: str, second: str) -> None:
    assert exclude(life(first), life(second)) == ""
    assert exclude(life(second), life(first)) == ""


def test_the_word_lists_fit_each_other() -> None:
    assert set(CITIES) == set(PLACES["city"])
    assert JOBS >= GROWN | STRENUOUS | LEARNED
    assert not LEARNED & GROWN


@given(st.text(max_size=120), st.text(max_size=120))
def test_any_text_is_read_and_the_order_is_the_same(first: str, second: str) -> None:
    one, other = life(first), life(second)
    assert exclude(one, other) == exclude(other, one)
    assert 0 <= one.youngest <= 120
