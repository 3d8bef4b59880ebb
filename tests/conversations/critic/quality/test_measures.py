"""What each measure rewards, on talks that differ in that alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duologue.conversations.critic.quality import company, flow, repeats, substance
from duologue.conversations.critic.quality.part import clamp, lowest, mean, ramp
from duologue.conversations.critic.quality.reading import Reading
from duologue.conversations.critic.quality.scorer import MEASURES

GOOD = (
    "What do you grow in that garden of yours?",
    "Roses along the fence, and beans for my mother. Do you garden?",
    "Beans! I tried beans on a balcony once, and the pigeons thanked me.",
    "Pigeons are nothing, we have deer that open the gate. What stopped yours?",
    "A plastic owl, haha. My neighbor still waves at it every morning.",
    "That is lovely. I should buy an owl before the deer find my lettuce.",
)


@pytest.fixture(name="part")
def part_of(bench: Any) -> Any:
    def part(name: str, *said: str) -> Any:
        return MEASURES[name](Reading(said or GOOD, bench.embedder, bench.nli, bench.toxicity))

    return part


WORSE = {
    "links": ("Horses run.", "Violins sing.", "Taxes rise.", "Paint dries."),
    "answers": ("Do you like roses?", "Why do you ask?", "Is it true?", "Is what true?"),
    "uptake": ("Horses run.", "Violins sing.", "Taxes rise.", "Paint dries."),
    "restarts": (*GOOD[:4], "Hi, how are you?", "Hello."),
    "own repeats": (*GOOD[:4], GOOD[2], GOOD[3]),
    "echo": (GOOD[0], GOOD[0], *GOOD[2:]),
    "stutter": (*GOOD[:4], "I am a girl. I am a girl.", GOOD[5]),
    "asked again": (*GOOD[:4], GOOD[0], GOOD[5]),
    "wording": (*GOOD[:4], GOOD[2], GOOD[3]),
    "openings": ("I like tea.", "I like cake.", "I like fish.", "I like rice."),
    "vocabulary": (GOOD[0], "Ok.", GOOD[2], "Ok.", GOOD[4], "Ok."),
    "detail": (GOOD[0], "Ok.", GOOD[2], "Ok.", GOOD[4], "Ok."),
    "effort": (GOOD[0], "Ok.", GOOD[2], "Ok.", GOOD[4], "Ok."),
    "stay": GOOD[:2],
    "balance": (GOOD[0], "Ok.", GOOD[2], "Ok.", GOOD[4], "Ok."),
    "spread": ("I like tea.", "I like cake.", "I like tea a lot.", "I like cake a lot."),
    "content": (*GOOD[:4], "What?", "I already told you that."),
    "warmth": ("Horses run.", "Violins sing.", "Taxes rise.", "Paint dries."),
    "ending": (*GOOD[:4], "The owl is made of plastic.", "The deer came back."),
    "curiosity": ("Horses run.", "Violins sing.", "Taxes rise.", "Paint dries."),
    "interrogation": ("What do you do?", "I cook.", "What do you cook?", "Fish.", "Why fish?", "I like it."),
    "gentle": (*GOOD[:5], "You idiot."),
}


@pytest.mark.parametrize("name", WORSE)
def test_a_measure_prefers_the_better_talk(name: str, part: Any) -> None:
    assert part(name, *WORSE[name]).value < part(name).value


def test_every_measure_is_tested() -> None:
    assert {*WORSE, "harmony"} == set(MEASURES)


@pytest.mark.parametrize(
    ("name", "blamed"),
    [("own repeats", (4, 5)), ("restarts", (4, 5)), ("echo", (1,)), ("stutter", (4,)), ("asked again", (4,)),
     ("effort", (1, 3, 5)), ("content", (4, 5)), ("gentle", (5,)), ("answers", (1, 2, 3))],
)  # fmt: skip
def test_the_utterances_to_blame_are_named(name: str, blamed: tuple[int, ...], part: Any) -> None:
    assert part(name, *WORSE[name]).utterances == blamed


def test_contradictions_cost_and_are_quoted(bench: Any, part: Any) -> None:
    said = ("I love my horses dearly.", "Ok.", "I never had any horses.", "Ok then.")
    assert part("harmony", *said).value == 1.0
    bench.nli.contradicts(said[0], said[2])
    found = part("harmony", *said)
    assert found.value < 0.6
    assert found.utterances == (0, 2)
    assert said[2] in found.note


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_values_are_shares_whatever_the_text(part: Any, said: list[str]) -> None:
    for name in MEASURES:
        found = part(name, *said)
        assert 0.0 <= found.value <= 1.0
        assert all(0 <= i < len(said) for i in found.utterances)


@pytest.mark.parametrize("name", sorted(set(MEASURES) - {"stay", "vocabulary", "ending", "warmth", "restarts"}))
def test_saying_more_of_the_same_kind_is_no_merit(name: str, part: Any) -> None:
    """Twice as long a talk in other words scores about the same: what is measured is how it goes, not how long."""
    swap = str.maketrans({"o": "u", "e": "i", "a": "o"})
    # The questions stay questions; only content words change.
    twice = (*GOOD, *(u.translate(swap) for u in GOOD))
    assert abs(part(name, *twice).value - part(name).value) <= 0.35


def test_small_tools() -> None:
    assert [ramp(x, 1.0, 3.0) for x in (0.0, 1.0, 2.0, 9.0)] == [0.0, 0.0, 0.5, 1.0]
    assert [ramp(x, 0.5, 0.0) for x in (0.0, 0.25, 0.5, 0.9)] == [1.0, 0.5, 0.0, 0.0]
    assert clamp(2.0) == 1.0
    assert (mean([]), mean([], 1.0), mean([1.0, 2.0])) == (0.0, 1.0, 1.5)
    assert (lowest([]), lowest([0.3, 0.2])) == (0.0, 0.2)


def test_modules_hold_what_the_scorer_names() -> None:
    assert {m.__module__ for m in MEASURES.values()} == {x.__name__ for x in (company, flow, repeats, substance)}
