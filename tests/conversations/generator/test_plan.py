from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from duologue.conversations.generator.plan import TRIES, Plan, carries, next_attribute
from duologue.models.scripted import ScriptedEmbedder

PROFILE = ("I have two brown dogs.", "I bake bread at night.", "I love winter.", "My father was a pilot.")


def plan(said: tuple[str, ...], target: int = 10, tried: tuple[int, ...] = ()) -> int | None:
    return next_attribute(Plan(PROFILE, said, target, tried), embedder=ScriptedEmbedder(), draw=random.Random(1))


def test_an_attribute_came_out_when_half_of_its_words_were_stated() -> None:
    assert carries("Two dogs, and they eat more than I do.", PROFILE[0])
    assert carries("Baking is done at night. Why?", PROFILE[1])
    assert not carries("Do you have two brown dogs?", PROFILE[0])
    assert not carries("Dogs are fine.", "I have two brown dogs and a parrot.")
    assert not carries("Anything.", "I am.")


def test_the_attribute_nearest_to_the_last_utterance_is_taken() -> None:
    assert plan(("Is the bread good here?",)) == 1
    assert plan(("Was your father ever up in a plane as a pilot?",)) == 3


def test_the_opening_takes_any_and_always_the_same() -> None:
    first = plan(())
    assert first is not None
    assert plan(()) == first


def test_what_came_out_is_not_planned_again() -> None:
    said = ("Fresh bread tonight?", "I bake it at night, all the bread there is.", "And the bread sells?")
    assert plan(said, tried=(1,)) != 1


def test_after_a_planned_utterance_comes_a_free_one_unless_time_runs_short() -> None:
    said = ("Hm.", "Two dogs, both brown.", "Zebras.")
    assert plan(said, target=30, tried=(0,)) is None
    assert plan(said, target=6, tried=(0,)) is not None


def test_an_attribute_is_given_up_after_some_tries() -> None:
    state = Plan(PROFILE, (), 10, (1,) * TRIES)
    assert 1 not in state.open


def test_nothing_is_planned_when_enough_came_out() -> None:
    said = ("a", " ".join(PROFILE), "b")
    assert Plan(PROFILE, said, 10).due == 0
    assert plan(said) is None


def test_an_empty_profile_has_no_plan() -> None:
    assert next_attribute(Plan((), (), 10), embedder=ScriptedEmbedder(), draw=random.Random(1)) is None


@given(
    st.lists(st.text(max_size=30), max_size=5),
    st.lists(st.text(max_size=30), max_size=6),
    st.integers(2, 20),
    st.lists(st.integers(-1, 4), max_size=4),
)
def test_a_plan_names_an_open_attribute_or_none(
    profile: list[str], said: list[str], target: int, tried: list[int]
) -> None:
    state = Plan(tuple(profile), tuple(said), target, tuple(tried))
    found = next_attribute(state, embedder=ScriptedEmbedder(), draw=random.Random(0))
    assert found is None or found in state.open
