from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversations.generator.parse import MAX_CHARS, clean_utterance, parse_conversation
from duologue.errors import ItemFailed


def test_reads_labelled_lines() -> None:
    assert parse_conversation("User 1: Hi there.\nUser 2: Hello.\nUser 1: Rain again.") == (
        "Hi there.",
        "Hello.",
        "Rain again.",
    )


@pytest.mark.parametrize(
    "text",
    [
        "Here you go:\n\n**User 1:** Hi there.\n**User 2:** Hello.",
        "```\nUser 1: Hi there.\nUser 2: Hello.\n```",
        "user1 : Hi there.\nUSER 2: Hello.",
        'User 1: "Hi there."\nUser 2: "Hello."',
        "User 1: Hi\nthere.\nUser 2: Hello.",
        "User 1: Hi\nUser 1: there.\nUser 2: Hello.",
        '{"utterances": [{"speaker": 1, "text": "Hi there."}, {"speaker": 2, "text": "Hello."}]}',
        '{"utterances": [{"speaker": "User 1", "text": "Hi there."}, {"speaker": "User 2", "text": "Hello."}]}',
        '["User 1: Hi there.", "User 2: Hello."]',
        '["Hi there.", "Hello."]',
        "[User 1]: Hi there.\n[User 2]: Hello.",
        "**User 1: Hi there.**\n**User 2**: **Hello.**",
        "**User 1: **Hi there.\n***\n*User 2:* *Hello.*",
        '["**User 1:** Hi there.", "**User 2: Hello.**"]',
    ],
)
def test_repairs_what_models_do(text: str) -> None:
    assert parse_conversation(text) == ("Hi there.", "Hello.")


def test_a_face_after_the_label_is_said() -> None:
    assert parse_conversation("User 1: :) hi\n**User 2:** : hello") == (":) hi", ": hello")


def test_the_longest_that_can_be_asked_for_is_read() -> None:
    said = " ".join(["unforgettable"] * 100)
    assert len(parse_conversation("\n".join(f"User {i % 2 + 1}: {said}" for i in range(200)))) == 200


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no labels at all",
        "User 1: alone.",
        "User 2: I begin.\nUser 1: No.",
        '["User 1: Hi."\n"User 2: Hello."]',
        '{"utterances": 3}',
        '{"a"',
        "[1, 2]",
    ],
)
def test_refuses_what_is_no_conversation(text: str) -> None:
    with pytest.raises(ItemFailed):
        parse_conversation(text)


def test_a_cut_off_utterance_is_dropped() -> None:
    assert parse_conversation("User 1: Hi.\nUser 2: Hello.\nUser 1: I was just", cut_off=True) == ("Hi.", "Hello.")


def test_a_runaway_answer_is_refused() -> None:
    with pytest.raises(ItemFailed, match="characters"):
        parse_conversation("User 1: " + "x" * MAX_CHARS)


def test_clean_utterance_keeps_inner_quotes() -> None:
    assert clean_utterance('"Yes," she said, "no."') == '"Yes," she said, "no."'
    assert clean_utterance("  a\x1b[31m b\u2028c ") == "a [31m b c"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("*I love tea.*", "I love tea."),
        ("**yes**", "yes"),
        ("***", ""),
        ("*smiles* I love tea.", "*smiles* I love tea."),
        ("I love it *winks*", "I love it *winks*"),
        ("*I* love *tea*", "*I* love *tea*"),
        ("It is free*", "It is free*"),
        ("*nods slowly*", "*nods slowly*"),
    ],
)
def test_stars_go_where_they_stand_around_the_whole(text: str, clean: str) -> None:
    assert clean_utterance(text) == clean


def test_stars_after_a_label_are_those_of_what_is_said() -> None:
    said = parse_conversation("**User 1:** *smiles* Hi.\nUser 2: Hello *waves*\n*User 1*: I *love* tea.")
    assert said == ("*smiles* Hi.", "Hello *waves*", "I *love* tea.")


@given(st.text(max_size=300))
def test_never_anything_but_utterances_or_item_failed(text: str) -> None:
    try:
        utterances = parse_conversation(text)
    except ItemFailed:
        return
    assert len(utterances) >= 2
    assert all(u and "\n" not in u for u in utterances)


_WORDS = st.from_regex(r"[a-z]{1,8}( [a-z]{1,8}){0,6}\.", fullmatch=True)


@given(st.lists(_WORDS, min_size=2, max_size=20))
def test_lines_and_json_round_trip(said: list[str]) -> None:
    lines = "\n".join(f"User {i % 2 + 1}: {text}" for i, text in enumerate(said))
    turns = [{"speaker": i % 2 + 1, "text": text} for i, text in enumerate(said)]
    assert parse_conversation(lines) == tuple(said)
    assert parse_conversation(orjson.dumps({"utterances": turns}).decode()) == tuple(said)
