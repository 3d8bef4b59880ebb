"""bench/figures.py: each figure on conversations whose figure is known."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from figures import Talk, content, figures, read_spc  # type: ignore[import-not-found, unused-ignore]

USERS = (("I have two brown dogs.", "I bake bread at night."), ("I fly small planes.",))


def talk(*said: str) -> Talk:
    return Talk(USERS, tuple((i % 2 + 1, text) for i, text in enumerate(said)))


def test_words_are_compared_by_stem() -> None:
    assert content("I baked the breads") == content("baking bread")
    assert content("I am the one who did it") == frozenset({"one"})


def test_attributes_are_counted_for_their_owner() -> None:
    found = figures(
        [talk("My dogs are brown.", "I bake bread.", "I have two brown dogs.", "Planes, small ones, I fly.")]
    )
    assert found["attributes half said by their owner"] == 2 / 3
    assert found["attributes voiced only by the partner"] == 1 / 3
    assert found["attributes copied word for word"] == 1 / 3


def test_a_partner_who_asks_voices_nothing() -> None:
    found = figures([talk("Hm.", "Do you bake bread at night?")])
    assert found["attributes voiced only by the partner"] == 0


def test_repeats_openings_and_endings() -> None:
    found = figures([talk("Hi.", "Yes.", "yes.", "Why?"), talk("hi.", "No."), talk("Rain again.", "So it is.")], (2, 3))
    assert found["conversations that repeat an utterance"] == 1 / 3
    assert found["distinct openings"] == 2 / 3
    assert found["ending in a question"] == 1 / 3
    assert found["inside the asked length"] == 2 / 3


def test_a_sentence_said_again_counts_by_either_speaker() -> None:
    again = talk("I like the old park. Do you?", "Sure, it rains.", "Well, so be it. i like the old park!")
    short = talk("I ski. Me too.", "I ski. Yes.", "I like the old park, I like the old park.")
    assert figures([again, short])["conversations that repeat a sentence"] == 0.5


def test_placeholders_and_assistant_voice() -> None:
    found = figures([talk("I am [name].", "Hi (your name)."), talk("How can I help you?", "So.")])
    assert found["with a placeholder"] == 0.5
    assert found["with assistant voice"] == 0.5


def test_rows_that_are_no_dialogue_are_not_clean(tmp_path: Path) -> None:
    path = tmp_path / "spc.csv"
    path.write_text(
        "user 1 personas,user 2 personas,Best Generated Conversation\n"
        '"I ski.","I sing.","User 1: Hi.\nUser 2: Hello."\n'
        '"I ski.","I sing.","User 1: Hi.\nA note.\nUser 2: Hello."\n',
        encoding="utf-8",
    )
    first, second = read_spc(path)
    assert first.clean
    assert not second.clean
    assert second.said == ((1, "Hi."), (2, "Hello."))
