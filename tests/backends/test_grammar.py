from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.backends import grammar

_PART = re.compile(r'"((?:\\.|[^"\\])*)"|(\[(?:\\.|[^\]\\])*\])|(\{\d+,\d+\})|([a-z]\w*)|([()|?*+])|\s+')


def _regex(gbnf: str) -> re.Pattern[str]:
    """The regular expression of a GBNF grammar without recursion, which all of ours are."""
    rules = dict(rule.split(" ::= ", 1) for rule in gbnf.splitlines())

    def expand(body: str) -> str:
        out, at = "", 0
        while at < len(body):
            found = _PART.match(body, at)
            assert found is not None, f"not GBNF of ours: {body[at:]!r}"
            at = found.end()
            literal, klass, repeat, name, operator = found.groups()
            if literal is not None:
                out += f"(?:{re.escape(literal.encode().decode('unicode_escape'))})"
            elif name is not None:
                out += f"(?:{expand(rules[name])})"
            else:
                out += (klass or "").replace("[^ ", "[^\\ ") or repeat or operator or ""
        return out

    return re.compile(expand(rules["root"]))


def _matches(gbnf: str, text: str) -> bool:
    return _regex(gbnf).fullmatch(text) is not None


def test_dialogue_takes_exactly_the_lines_asked_for() -> None:
    gbnf = grammar.dialogue(3, 80)
    good = "User 1: Is that your dog?\nUser 2: It's my aunt's, she's away.\nUser 1: Café's closed, 3 of 4!\n"
    assert _matches(gbnf, good)
    assert not _matches(gbnf, good.rsplit("\n", 2)[0] + "\n")
    assert not _matches(gbnf, good + "User 2: More.\n")
    assert not _matches(gbnf, good.replace("User 2:", "User 1:"))


@pytest.mark.parametrize(
    "bad",
    [
        "Hi, I'm [name].",
        "Hi (waves).",
        "{x} yes.",
        "<|im_end|> yes.",
        "So User 2: yes.",
        "**Bold** yes.",
        '"Quoted."',
        "No end",
        "",
    ],
)
def test_line_refuses_what_is_not_an_utterance(bad: str) -> None:
    assert not _matches(grammar.line(200), bad)


@given(st.text(min_size=0, max_size=40))
def test_no_line_holds_markup_or_a_second_line(text: str) -> None:
    said = f"Well{text}."
    if _matches(grammar.line(60), said):
        assert not set(said) & set('[](){}<>*#_|:\\"\n\r\t\x00')
        assert said.splitlines() == [said]


@given(st.integers(8, 60), st.integers(1, 70))
def test_line_keeps_its_bound(most: int, length: int) -> None:
    said = "a" * length + "."
    assert _matches(grammar.line(most), said) == (len(said) <= most)


def test_line_begins_with_its_lead() -> None:
    assert _matches(grammar.line(20, lead=" "), " Yes, please.\n")
    assert not _matches(grammar.line(20, lead=" "), "Yes, please.")


def test_question_is_one_question() -> None:
    gbnf = grammar.question(60)
    assert _matches(gbnf, "What do you do for a living?")
    assert not _matches(gbnf, "What do you do. I wonder?")
    assert not _matches(gbnf, "I work a lot.")
    assert not _matches(gbnf, "W" * 60 + "?")


def test_first_person_is_one_sentence_about_me() -> None:
    gbnf = grammar.first_person(60)
    for good in ("I have two sons.", "My brother is 40.", "I've never seen snow.", "I'm tall."):
        assert _matches(gbnf, good)
    for bad in ("You have two sons.", "I have. I am.", "I like it?", "Iced tea is good.", "My  dog."):
        assert not _matches(gbnf, bad)
    assert not _matches(gbnf, "I " + "a" * 60 + ".")


@pytest.mark.parametrize("most", [0, 7, 1001])
def test_bounds_out_of_range_are_refused(most: int) -> None:
    with pytest.raises(ValueError, match="max_chars"):
        grammar.line(most)


def test_dialogue_refuses_no_utterances() -> None:
    with pytest.raises(ValueError, match="utterances"):
        grammar.dialogue(0, 80)
