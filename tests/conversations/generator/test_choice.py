from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversations.generator.choice import Judged, Scored, Situation, choose, score_draws, sureness
from duologue.models.protocol import Floats
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli
from duologue.records import Attribute, Pair, Profile

BAKER = Profile.of(tuple(map(Attribute.of, ("I have two brown dogs.", "I bake bread at night.", "I love winter."))))
PILOT = Profile.of(tuple(map(Attribute.of, ("I fly small planes.", "I collect rusty keys."))))
PAIR = Pair("p-1", 0, BAKER, PILOT)


def score(draws: list[str], said: list[str], planned: str | None = None, last: bool = False) -> list[Scored]:
    situation = Situation(PAIR, tuple(said), planned, last)
    return score_draws(draws, situation, embedder=ScriptedEmbedder(), nli=ScriptedNli())


def best(draws: list[str], said: list[str], planned: str | None = None, last: bool = False) -> str:
    return max(score(draws, said, planned, last), key=lambda s: s.total).text


def test_a_reply_bears_on_what_was_just_said() -> None:
    said = ["It is late.", "The river flooded our street again."]
    assert best(["Trains are slow.", "Was the river in your street all night?"], said).startswith("Was the river")


def test_the_planned_attribute_comes_out() -> None:
    said = ["It is late.", "Then go to sleep."]
    draws = ["Sleep is for others.", "Somebody must bake the bread tonight."]
    assert best(draws, said, "I bake bread at night.") == "Somebody must bake the bread tonight."
    full, part, none = score(
        ["I bake bread.", "There was bread with holes and butter.", "No."], said, "I bake bread at night."
    )
    assert full.planned == 1.0
    assert 0 < part.planned <= 0.5
    assert none.planned == 0.0


def test_an_open_attribute_counts_where_nothing_is_planned_but_less_than_fitting() -> None:
    said = ("It is late.", "Then go to sleep.")
    draws = [
        "Sleep is for others.",
        "I bake bread at night.",
        "Do you bake bread at night?",
        "There was bread and butter.",
    ]
    held = tuple(a.text for a in BAKER.attributes)

    def opened(open_: tuple[str, ...]) -> list[float]:
        situation = Situation(PAIR, said, open=open_)
        return [s.opened for s in score_draws(draws, situation, embedder=ScriptedEmbedder(), nli=ScriptedNli())]

    none, full, asked, part = opened(held)
    assert (none, full, asked) == (0.0, 1.0, 0.0)
    assert 0 < part <= 0.5
    assert opened(held[:1]) == [0.0] * 4
    assert opened(()) == [0.0] * 4
    assert Scored("a", opened=1.0).total > Scored("b").total
    assert Scored("a", fitting=1.0).total > Scored("b", opened=1.0).total
    assert Scored("a", agreement=1.0).total > Scored("b", opened=1.0).total


def test_a_draw_that_the_others_resemble_and_a_short_one_are_worth_more() -> None:
    said = ["It is late.", "The river flooded our street again."]
    draws = ["The river came to us too.", "The river came to us as well.", "My keys are blue."]
    alike, same, alone = score(draws, said)
    assert min(alike.agreement, same.agreement) > alone.agreement
    assert score(draws[2:], said)[0].agreement == 1.0
    assert Scored("a", agreement=0.8).total > Scored("b", agreement=0.2).total
    short, long, longer = score(["No.", "word " * 20, "word " * 80], said)
    assert (short.length, long.length, longer.length) == (1 / 40, 0.5, 1.0)
    assert Scored("a", length=0.2).total > Scored("b", length=0.8).total


def test_a_question_brings_nothing_out() -> None:
    (asked,) = score(["Do you bake bread at night?"], [], "I bake bread at night.")
    assert asked.planned == 0.0


class Denying(ScriptedNli):
    """Takes all that holds "hate" for a sure contradiction."""

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        rows = [[0.001, 0.001, 0.998] if "hate" in f"{a} {b}" else [0.01, 0.98, 0.01] for a, b in pairs]
        return np.array(rows, dtype=np.float32)


def test_a_contradiction_costs_most() -> None:
    situation = Situation(PAIR, ("Hello.", "Do you love winter?"))
    hates, long = score_draws(
        ["I hate winter.", "It is a long one."], situation, embedder=ScriptedEmbedder(), nli=Denying()
    )
    assert hates.contradiction > 0.3 > long.contradiction
    assert long.total > hates.total


def test_a_speaker_does_not_take_over_what_the_partner_said() -> None:
    said = ["Night work.", "I fly small planes to the islands."]
    taken, asked = score(["I fly small planes to islands.", "What do your small planes carry?"], said)
    assert taken.swap == 1.0
    assert asked.swap == 0.0


def test_me_too_is_a_claim() -> None:
    said = ["Night work.", "I fly small planes to the islands."]
    echoed, answered = score(["Me too! It is great.", "It is great up there."], said)
    assert (echoed.swap, answered.swap) == (1.0, 0.0)
    (shared,) = score(["So do I!"], ["Night work.", "I love winter."])
    assert shared.swap == 0.0
    (to_a_question,) = score(["Same here."], ["Night work.", "I fly small planes.", "Do you?", "Are you tired?"])
    assert to_a_question.swap == 0.0


def test_the_same_two_first_words_count_as_repetition() -> None:
    again, other = score(["That sounds fine by me.", "Fine by me, it is."], ["Night work.", "That sounds awful."])
    assert again.repetition >= 0.5 > other.repetition


def test_big_facts_that_no_profile_holds_are_invented() -> None:
    said = ["Night work.", "Who is at home then?"]
    invented, held = score(["My husband is at home.", "My dogs are at home."], said)
    assert invented.invention == 1.0
    assert held.invention == 0.0


def test_saying_it_again_costs() -> None:
    again, other = score(["Two trains collided.", "Two ships sank."], ["Two trains collided.", "How awful."])
    assert again.repetition > 0.9
    assert other.repetition < 0.5
    assert other.total > again.total


def test_the_last_utterance_rather_not_asks() -> None:
    draws = ["Was the river in the street?", "The river was in the street."]
    said = ["It rains.", "The river was in our street."]
    assert best(draws, said, last=True) == draws[1]
    asked = score(draws[:1], said)[0].total
    assert score(draws[:1], said, last=True)[0].total < asked


@pytest.mark.parametrize(
    "answer",
    [
        "I'm doing well, thanks! The river is high.",
        "That is great!",
        "Glad to hear that. It rains.",
        "I love rain too.",
    ],
)
def test_an_opening_answers_nobody(answer: str) -> None:
    draws = [answer, "The river is high again."]
    assert best(draws, []) == draws[1]
    assert score(draws, [])[0].fitting == 0.0


def test_a_draw_that_turns_profile_or_own_words_round_slips() -> None:
    plain, denied, wished = score(
        ["I bake bread at night.", "I never bake bread.", "I always wanted to bake bread."], []
    )
    assert denied.slips
    assert wished.slips
    assert not plain.slips
    said = ["I swim in the river.", "The river is cold."]
    assert score(["I have never been in a river."], said)[0].slips


@given(
    st.lists(st.text(max_size=40), min_size=1, max_size=4),
    st.lists(st.text(max_size=40), max_size=4),
    st.sampled_from([None, "I love winter.", ""]),
)
def test_every_draw_gets_parts_in_range(draws: list[str], said: list[str], planned: str | None) -> None:
    found = score(draws, said, planned)
    assert [s.text for s in found] == draws
    for entry in found:
        parts = (
            entry.fitting,
            entry.agreement,
            entry.planned,
            entry.opened,
            entry.contradiction,
            entry.swap,
            entry.repetition,
            entry.invention,
            entry.length,
            entry.ending,
        )
        assert all(0.0 <= part <= 1.0001 for part in parts)


@given(
    st.lists(
        st.sampled_from(["I hate winter.", "Me too!", "I love winter.", "It is late.", "I bake bread.", "No."]),
        min_size=1,
    ),
    st.lists(st.sampled_from(["I fly small planes.", "Do you love winter?", "It is late."]), max_size=3),
    st.sampled_from([None, "I love winter."]),
)
def test_the_choice_is_the_highest_score(draws: list[str], said: list[str], planned: str | None) -> None:
    situation = Situation(PAIR, tuple(said), planned)
    scored = score_draws(draws, situation, embedder=ScriptedEmbedder(), nli=Denying())
    chosen = choose(draws, situation, embedder=ScriptedEmbedder(), nli=Denying())
    assert chosen == max(scored, key=lambda s: s.rank)


def test_what_slips_ranks_below_all_that_does_not() -> None:
    clean, slip = Scored("a", fitting=0.1), Scored("b", fitting=1.0, planned=1.0, contradiction=0.3)
    assert slip.total > clean.total
    assert clean.rank > slip.rank


class Counting(ScriptedNli):
    """Counts the pairs it is asked."""

    asked = 0

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        self.asked += len(pairs)
        return super().predict(pairs)


def test_no_inference_on_draws_that_cannot_win() -> None:
    situation = Situation(PAIR, ("It is late.", "Then go to sleep."), "I bake bread at night.")
    draws = ["Somebody must bake the bread tonight, I do it.", "I own ships and trains.", "I have lost my keys again."]
    few, all_of_them = Counting(), Counting()
    choose(draws, situation, embedder=ScriptedEmbedder(), nli=few)
    score_draws(draws, situation, embedder=ScriptedEmbedder(), nli=all_of_them)
    assert 0 < few.asked < all_of_them.asked


def test_a_draw_is_judged_once_an_utterance() -> None:
    situation = Situation(PAIR, ("I love winter.", "Do you bake bread?"))
    draws, nli = ["I bake bread at night.", "I hate winter."], Counting()
    judged: Judged = {}
    first = choose(draws, situation, embedder=ScriptedEmbedder(), nli=nli, judged=judged)
    asked = nli.asked
    assert asked
    assert choose(draws, situation, embedder=ScriptedEmbedder(), nli=nli, judged=judged) == first
    assert nli.asked == asked


def test_of_two_like_draws_the_one_its_writer_was_surer_of_is_said() -> None:
    situation = Situation(PAIR, ("It is late.",))
    draws = ["I count pigeons.", "I count sparrows."]
    embedder, nli = ScriptedEmbedder(), ScriptedNli()
    for surer in draws:
        sure = {draw: 0.6 if draw == surer else 0.3 for draw in draws}
        assert choose(draws, situation, embedder=embedder, nli=nli, sure=sure).text == surer
        assert [s.sureness for s in score_draws(draws, situation, embedder=embedder, nli=nli, sure=sure)] == list(
            sure.values()
        )
    assert {s.sureness for s in score_draws(draws, situation, embedder=embedder, nli=nli)} == {0.0}


def test_sureness_is_the_geometric_mean_of_the_tokens() -> None:
    assert sureness([math.log(0.5), math.log(0.125)]) == pytest.approx(0.25)
    assert sureness([]) == 0.0
    assert sureness([0.001]) == 1.0


def test_a_sentence_that_was_said_is_not_said_again() -> None:
    said = ["I fry eggs. What do you like to eat?", "Eggs too."]
    again, new, short = score(
        ["Good choice. what do you like to eat", "Good choice. What do you drink?", "I fry eggs."], said
    )
    assert again.repetition == 1.0
    assert new.repetition < 1.0
    assert short.repetition < 1.0
