from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversations.critic.evidence.reversal import clauses, reverses


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("I'm not really into comic books.", "i love comic books"),
        ("I do not eat fish at all.", "i only eat fish"),
        ("I still have not found my first dance class.", "i dance ballet"),
        ("I can stand a salad.", "i can't stand salads"),
        ("I've always wanted to drive a black car.", "i drive a black car"),
        ("I am still trying to get into a design school.", "i moved to new york to study at a design school"),
        ("That is nice! I would love to learn the piano.", "I have been playing the piano since I was a little kid."),
        ("I drum in a band.", "I hope to be in a band one day."),
    ],
)
def test_wishes_for_what_one_has_and_denials_turn_round(text: str, held: str) -> None:
    assert reverses(text, held)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("I can't get enough pizza.", "i love pizza"),
        ("I can't wait to surf again.", "i love to surf"),
        ("I love hunting too, but I don't have much time for it.", "i like to hunt"),
        ("I would love to go on a bike ride with you.", "i like to go for bike rides"),
        ("I want to be a vegetarian.", "i want to be a vegetarian"),
        ("I don't like onions, but I love pizza.", "i love pizza"),
        ("Do you not like comic books?", "i love comic books"),
        ("He has never seen my dogs.", "i have two dogs"),
        ("I do not smoke.", "i love comic books"),
    ],
)
def test_other_things_do_not(text: str, held: str) -> None:
    assert not reverses(text, held)


def test_each_clause_stands_for_itself() -> None:
    assert clauses("I love tea, but I never drink coffee. Do you?") == (
        ("I love tea", False),
        ("I never drink coffee.", True),
    )


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_breaks_it_and_it_is_symmetric(one: str, other: str) -> None:
    assert reverses(one, other) == reverses(other, one)
    assert not reverses(one, one) or len(clauses(one)) > 1
