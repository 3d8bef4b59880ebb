from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.models.toxicity_text import LONGEST_WORD, PIECES, TEXT_WORDS, ids_of, pieces_of, windows_of, words_of

ANY = st.text(st.characters(codec=None), max_size=60) | st.text(st.sampled_from("aA '\u2019\ud800\x00\n!"), max_size=60)


def test_words_are_plain_and_lower_case() -> None:
    assert words_of("Hey, YOU! Don\u2019t\nshout...") == ["hey", "you", "don't", "shout"]
    assert words_of("\uff28\uff45\uff59 there") == ["hey", "there"]
    assert words_of("") == words_of(" ?!  ") == []


def test_the_start_or_the_end_is_read() -> None:
    text = " ".join(f"w{i}" for i in range(500))
    assert words_of(text) == [f"w{i}" for i in range(TEXT_WORDS)]
    assert words_of(text, last=True, most=3) == ["w497", "w498", "w499"]
    assert words_of("a" * 10_000) == ["a" * LONGEST_WORD]


def test_ids_stand_between_zeros_and_leave_unknown_words_out() -> None:
    assert ids_of(["you", "qqq", "are"], {"you": 5, "are": 7}) == [0, 5, 7, 0]
    assert ids_of([], {}) == [0, 0]


def test_pieces_know_words_pairs_and_letters_and_the_side() -> None:
    pieces = pieces_of(["good", "dog"])
    assert set(pieces_of(["good"])) < set(pieces)
    assert pieces_of(["dog", "good"]) != pieces
    assert set(pieces_of(["goood"])) & set(pieces_of(["good"]))
    assert not set(pieces_of(["good"], "b:")) & set(pieces_of(["good"]))
    assert pieces_of([]) == []


@given(ANY)
def test_any_text_is_read(text: str) -> None:
    words = words_of(text)
    assert len(words) <= TEXT_WORDS
    assert all(0 < len(word) <= LONGEST_WORD for word in words)
    pieces = pieces_of(words) + pieces_of(words_of(text, last=True, most=4), "b:")
    assert all(0 < piece < PIECES for piece in pieces)


@pytest.mark.parametrize("n", [0, 1, TEXT_WORDS, TEXT_WORDS + 1, TEXT_WORDS * 3 // 2, TEXT_WORDS * 3 // 2 + 1, 5000])
def test_every_word_and_every_two_in_a_row_stand_in_a_window(n: int) -> None:
    words = [f"w{i}" for i in range(n)]
    windows = windows_of(" ".join(words))
    assert max(map(len, windows)) <= TEXT_WORDS
    assert sorted({word for window in windows for word in window}) == sorted(words)
    assert {two for window in windows for two in pairwise(window)} == set(pairwise(words))
    if n <= TEXT_WORDS:
        assert windows == [words]
    assert len(windows) == 1 or all(map(len, windows))
