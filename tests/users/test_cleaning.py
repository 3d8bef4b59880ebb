"""What is taken off a model's answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.users.cleaning import clean


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('"I like tea."', "I like tea."),
        ("\u201cI like tea.\u201d", "I like tea."),
        ("- I like tea.", "I like tea."),
        ("1. What is your job?", "What is your job?"),
        ("Question: What is your job?", "What is your job?"),
        ("New sentence: My cat is old.", "My cat is old."),
        ("**Answer:** I like tea.", "I like tea."),
        ('1) "My cat is old."', "My cat is old."),
        ("\n\n  I like tea.\nI like coffee.", "I like tea."),
        ("I have 2. no, 3 cats", "I have 2. no, 3 cats"),
        ('I call my boat "Bess"', 'I call my boat "Bess"'),
        ("I like\u200b tea.\x00", "I like tea."),
        ("", ""),
        ("- \n*", ""),
    ],
)
def test_wrapping_goes_and_words_stay(answer: str, expected: str) -> None:
    assert clean(answer) == expected


@given(st.text())
def test_is_one_line_and_stable(answer: str) -> None:
    once = clean(answer)
    assert "\n" not in once
    assert clean(once) == once
