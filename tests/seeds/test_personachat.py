"""Tests of the Persona-Chat reader."""

from __future__ import annotations

import pytest

from duologue.errors import SeedError
from duologue.seeds.personachat import is_persona_line, read_personachat


def test_profiles_begin_where_the_numbering_restarts() -> None:
    text = (
        "1 your persona: i like tea .\n2 your persona: i run .\n3 hello there\thi !\t\tone|two\n4 bye\tbye\n"
        "1 your persona: i sing .\r\n2 hello\tyour persona: no\n"
    )
    assert [[a.strip() for a in p] for p in read_personachat(text, "x")] == [["i like tea .", "i run ."], ["i sing ."]]


def test_both_profiles() -> None:
    text = (
        "1 your persona: i a .\n2 partner's persona: i b .\n3 your persona: i c .\n4 hi\tho\n"
        "1 partner's persona: i d .\n2 your persona: i e .\n"
    )
    assert [[a.strip() for a in p] for p in read_personachat(text, "x")] == [
        ["i a .", "i c ."],
        ["i b ."],
        ["i e ."],
        ["i d ."],
    ]


def test_without_numbers() -> None:
    text = "your persona: i a .\nyour persona: i b .\nhi\nyour persona: i c .\n\nyour persona: i d .\n"
    assert [[a.strip() for a in p] for p in read_personachat(text, "x")] == [["i a .", "i b ."], ["i c ."], ["i d ."]]


def test_no_persona_line() -> None:
    with pytest.raises(SeedError, match=r"x has no line such as"):
        list(read_personachat("1 hello\thi\n", "x"))


def test_persona_lines_are_told_from_dialogue() -> None:
    assert is_persona_line("12 your persona: i a .")
    assert is_persona_line("partner's persona: x")
    assert not is_persona_line("1 what is your persona: tell me")
    assert not is_persona_line("")
