"""Rows as JSON and back, and as hosted services take them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.backends.protocol import Message
from duologue.training.rows import Lesson, Preference, from_json, hosted, to_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(TEXT, min_size=1, max_size=4), st.booleans())
def test_a_lesson_survives_json(texts: list[str], all_learnt: bool) -> None:
    messages = [Message("system", "s")]
    for text in texts:
        messages += [Message("user", text), Message("assistant", text)]
    learn = tuple(range(2, len(messages), 2)) if all_learnt else (2,)
    row = Lesson("a", "turns", "valid", tuple(messages), learn)
    assert from_json(to_json(row), "valid") == row


def test_a_preference_survives_json(preferences: list[Preference]) -> None:
    assert from_json(to_json(preferences[0]), "train") == preferences[0]


@pytest.mark.parametrize(
    "change",
    [
        {"learn": []},
        {"learn": [1]},
        {"learn": [9]},
        {"learn": [-1]},
        {"messages": None},
        {"messages": [{"role": "x", "content": ""}]},
    ],
)
def test_a_broken_lesson_is_refused(lessons: list[Lesson], change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_json({**to_json(lessons[0]), **change}, "train")


def test_hosted_rows_weigh_what_is_not_learnt_with_nothing(lessons: list[Lesson]) -> None:
    made = hosted(replace(lessons[0], learn=(4,)))
    assert made is not None
    assert [m.get("weight") for m in made["messages"]] == [None, None, 0, None, 1]


def test_hosted_preferences_hold_the_first_difference(preferences: list[Preference]) -> None:
    made = hosted(preferences[0])
    assert made is not None
    assert made["preferred_output"] == [{"role": "assistant", "content": "Yes."}]
    assert made["non_preferred_output"] == [{"role": "assistant", "content": "No."}]
    same = (Message("assistant", "Yes."), Message("user", "So"), Message("assistant", "A dog."))
    assert hosted(replace(preferences[0], rejected=same)) is None


@pytest.mark.parametrize("length", [1, 2])
def test_hosted_preferences_never_hold_one_answer_twice(preferences: list[Preference], length: int) -> None:
    row = preferences[0]
    assert hosted(replace(row, rejected=row.chosen[:length])) is None
    assert hosted(replace(row, chosen=row.rejected[:length])) is None
