"""Prompts of conversations that are known."""

from __future__ import annotations

import asyncio

import pytest

from duologue.config.sections import Config
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli
from duologue.records import Attribute, Pair, Profile
from duologue.training.replay import Replayer, Said

OWLS, BEES = (Profile.of((Attribute.of(f"I keep {what}."),)) for what in ("owls", "bees"))


@pytest.mark.parametrize(
    ("text", "learnt"),
    [
        ("A question for you: do they bite?", "A question for you: do they bite?"),
        ('"Do they bite?"', "Do they bite?"),
        ("*Do they bite?*", "Do they bite?"),
    ],
)
def test_a_speakers_last_words_are_learnt_as_its_earlier_ones(text: str, learnt: str) -> None:
    replayer = Replayer(Config(), ScriptedEmbedder(), ScriptedNli())
    made = Said(Pair("p", 0, OWLS, BEES), (text, text, text), 1, 0, 0, 7)
    first, second = asyncio.run(replayer.sides("turns", made, ()))
    assert [first.messages[place].content for place in first.own] == [learnt, learnt]
    assert [second.messages[place].content for place in second.own] == [learnt]
