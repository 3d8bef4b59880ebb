from __future__ import annotations

import pytest

from duologue.facts.numbers import figures


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("I am twenty-five years old", "i am 25 years old"),
        ("twenty thirty two", "20 32"),
        ("one, two, three", "one 2 3"),
        ("thirty and one", "30 and one"),
        ("sixty people", "60 people"),
        ("twenty one", "21"),
    ],
)
def test_numbers_become_figures(text: str, numbers: str) -> None:
    assert figures(text) == numbers
