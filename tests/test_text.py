"""Tests of the shared text tools."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue import text


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("  I don\u2019t  LIKE\ttea!! ", "i don't like tea"),
        ("'Hello,' she said", "hello she said"),
        ("rock\u2014and\u2014roll", "rock and roll"),
        ("\ufb01sh & chips", "fish chips"),
        ("snake_case", "snake case"),
        ("...", ""),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u093f\u0928\u094d\u0926\u0940"),
        ("caf\u0065\u0301", "caf\u00e9"),
    ],
)
def test_normalise(given_text: str, expected: str) -> None:
    assert text.normalise(given_text) == expected


@settings(deadline=None)
@given(st.text())
def test_normalise_is_idempotent_and_single_spaced(value: str) -> None:
    once = text.normalise(value)
    assert text.normalise(once) == once
    assert once == " ".join(once.split())
    assert text.words(value) == once.split()


@pytest.mark.parametrize(
    "forms",
    [
        ["dog", "dogs", "dog's"],
        ["paint", "painting", "painted", "paints"],
        ["study", "studies", "studied", "studying"],
        ["love", "loves", "loved", "loving"],
        ["run", "runs", "running"],
        ["movie", "movies"],
        ["cookie", "cookies"],
        ["try", "tried", "tries"],
        ["class", "classes"],
        ["need", "needs"],
        ["hate", "hates", "hated", "hating"],
        ["dance", "dances", "danced", "dancing"],
        ["plan", "plans", "planned", "planning"],
    ],
)
def test_forms_of_a_word_share_a_stem(forms: list[str]) -> None:
    assert len({text.stem(f) for f in forms}) == 1


def test_content_words_leave_out_stop_words() -> None:
    assert text.content_words("I am painting my two dogs.") == ["paint", "two", "dog"]


def test_different_words_keep_different_stems() -> None:
    assert len({text.stem(w) for w in ("cat", "car", "care", "hat", "hate", "bus", "business", "king", "kin")}) == 9


def test_sentences_keep_titles_and_numbers_whole() -> None:
    line = 'I met Dr. Lee. I paid 3.5 euros! "Really?" yes... My dog and I. We run.'
    assert text.sentences(line) == [
        "I met Dr. Lee.",
        "I paid 3.5 euros!",
        '"Really?"',
        "yes...",
        "My dog and I.",
        "We run.",
    ]
    assert text.sentences("one\ntwo") == ["one", "two"]
    assert text.sentences(" \n ") == []


@settings(deadline=None)
@given(st.text())
def test_sentences_lose_no_word(value: str) -> None:
    assert "".join("".join(s.split()) for s in text.sentences(value)) == "".join(value.split())


@settings(deadline=None)
@given(st.text())
def test_printable_is_harmless(value: str) -> None:
    shown = text.printable(value)
    assert all(c in "\n\t" or ord(c) >= 0x20 for c in shown)
    assert not set(shown) & set("\x7f\x9b\u202e\u2066\u2028\u200b\ufeff")


def test_printable_shows_what_it_took_out() -> None:
    assert text.printable("a\x1b[31mb\u202ec\td\n") == "a\\x1b[31mb\\u202ec\td\n"
    assert text.printable("na\u00efve \u65e5\u672c") == "na\u00efve \u65e5\u672c"


@pytest.mark.parametrize("value", ["What is it?", "Really?!", 'She asked "why?"', "what do you do", "Do you like tea"])
def test_questions(value: str) -> None:
    assert text.is_question(value)


@pytest.mark.parametrize("value", ["I like tea.", "What a day!", "", "When I was small I sang.", "Do not ask."])
def test_statements(value: str) -> None:
    assert not text.is_question(value)


@pytest.mark.parametrize("value", ["I run.", "It is mine", "I'm old", "we\u2019re here", "Cats are my joy", "im tired"])
def test_first_person(value: str) -> None:
    assert text.first_person(value)


@pytest.mark.parametrize("value", ["She runs.", "", "Mining is hard", "It is cold", "Made in the US"])
def test_not_first_person(value: str) -> None:
    assert not text.first_person(value)
