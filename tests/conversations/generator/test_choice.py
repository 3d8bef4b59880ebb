from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from duologue.conversations.generator.choice import score_draws
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli

PROFILE = ["I have two brown dogs.", "I bake bread at night.", "I love winter."]


def scores(draws: list[str], said: list[str]) -> dict[str, float]:
    found = score_draws(draws, profile=PROFILE, said=said, embedder=ScriptedEmbedder(), nli=ScriptedNli())
    return {s.text: s.total for s in found}


def best(draws: list[str], said: list[str]) -> str:
    totals = scores(draws, said)
    return max(totals, key=lambda text: totals[text])


def test_a_reply_bears_on_what_was_just_said() -> None:
    said = ["The river flooded our street again."]
    assert best(["Trains are slow.", "Was the river in your street all night?"], said).startswith("Was the river")


def test_a_fact_that_has_not_come_up_is_worth_more() -> None:
    said = ["My two brown dogs bark.", "Mine sleeps."]
    assert (
        best(["My brown dogs do not sleep.", "I bake bread while it sleeps."], said) == "I bake bread while it sleeps."
    )


def test_a_contradiction_costs_most() -> None:
    said = ["Do you love winter?"]
    assert best(["I hate winter.", "It is a long one."], said) == "It is a long one."


def test_saying_it_again_costs() -> None:
    said = ["Two trains collided.", "How awful."]
    draws = ["Two trains collided.", "Two ships sank."]
    again, other = score_draws(draws, profile=PROFILE, said=said, embedder=ScriptedEmbedder(), nli=ScriptedNli())
    assert again.repetition > 0.9
    assert other.repetition < 0.5
    assert other.total > again.total


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4), st.lists(st.text(max_size=40), max_size=4))
def test_every_draw_gets_parts_in_range(draws: list[str], said: list[str]) -> None:
    found = score_draws(draws, profile=PROFILE, said=said, embedder=ScriptedEmbedder(), nli=ScriptedNli())
    assert [s.text for s in found] == draws
    for entry in found:
        assert all(
            0.0 <= part <= 1.0001 for part in (entry.relevance, entry.news, entry.contradiction, entry.repetition)
        )
