from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversations.critic.evidence.answers import last_question, same, stated


@pytest.mark.parametrize(
    ("question", "answer", "states"),
    [
        ("Do you have any kids?", "No.", "I do not have kids."),
        ("Do you like your job?", "Yes, most days.", "I like my job."),
        ("do you ski too ?", "not really , i get cold .", "I do not ski."),
        ("Are you married?", "Not yet.", "I am not married."),
        ("Have you ever been to Peru?", "I have.", "I have been to peru."),
        ("So can you swim?", "nope", "I can not swim."),
        ("What is your favorite color?", "Green.", "My favorite color is Green."),
        ("How old are you?", "Twelve.", "I am Twelve years old."),
        ("What do you do for a living?", "plumber", "I work as plumber."),
        ("How many dogs do you have?", "three", "I have three dogs."),
    ],
)
def test_short_answers_state_what_was_asked(question: str, answer: str, states: str) -> None:
    assert stated(question, answer) == states


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Do you have a car?", "I am four."),
        ("Do you have a car?", "I have never thought about it."),
        ("How are you?", "Great!"),
        ("What do you do?", "That is a long story, and I have no time for it at all."),
        ("Where do you live?", "Congratulations!"),
        ("What did she say?", "Yes."),
        ("Did he come?", "No."),
        ("?", ""),
    ],
)
def test_what_is_no_answer_states_nothing(question: str, answer: str) -> None:
    assert stated(question, answer) is None


def test_agreement_is_known_by_its_words() -> None:
    assert same("Me too!")
    assert same("oh wow , so do i .")
    assert not same("I like it too much.")
    assert not same("The same thing happened to my car.")


def test_the_last_question_may_be_followed_by_one_sentence() -> None:
    assert last_question("Do you ski? I love it.") == "Do you ski?"
    assert last_question("Do you ski? I love it. Snow is great.") is None
    assert last_question("") is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_read(question: str, answer: str) -> None:
    text = stated(question, answer)
    assert text is None or text.strip()
