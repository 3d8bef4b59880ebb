from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversations.critic.evidence.readings import clauses, readings


def _texts(utterances: list[str], index: int) -> list[tuple[str, str]]:
    return [(r.source, r.text) for r in readings(utterances, index)]


def test_every_statement_and_all_together() -> None:
    said = ["I have two dogs. They shed. Do you?"]
    assert _texts(said, 0) == [
        ("sentence", "I have two dogs."),
        ("sentence", "They shed."),
        ("joined", "I have two dogs. They shed."),
    ]
    first, second, _ = readings(said, 0)
    assert first.claim
    assert not second.claim
    assert first.speaker == 1


def test_a_question_states_nothing() -> None:
    assert readings(["Do you have two dogs?"], 0) == ()


def test_an_answer_is_read_with_its_question() -> None:
    said = ["Do you have any kids?", "No. I have a cat."]
    assert ("answer", "I do not have kids.") in _texts(said, 1)
    assert ("sentence", "No.") not in _texts(said, 1)
    assert ("sentence", "I have a cat.") in _texts(said, 1)


def test_me_too_repeats_the_claim_before() -> None:
    said = ["I love the sea. Nice day.", "Me too!"]
    assert _texts(said, 1)[-1] == ("agreement", "I love the sea.")


def test_an_echo_states_nothing() -> None:
    said = ["I have two dogs and a horse.", "Two dogs, wow. I have a cat."]
    assert [t for _, t in _texts(said, 1)] == ["I have a cat."]


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("I can't stand horses, and I am no vet.", ("I can't stand horses", "I am no vet.")),
        ("i paint but i hate museums", ("i paint but i hate museums",)),
        ("i love to paint but i hate museums", ("i love to paint", "i hate museums")),
        ("When I was a kid I had dogs, and I loved them.", ()),
        ("I like bread and butter.", ()),
    ],
)
def test_a_sentence_falls_into_clauses_that_stand_by_themselves(sentence: str, parts: tuple[str, ...]) -> None:
    assert clauses(sentence) == (parts if len(parts) > 1 else ())


def test_clauses_are_readings_beside_their_sentence() -> None:
    found = readings(["I can't stand horses, and I am no vet."], 0)
    assert [(r.source, r.claim) for r in found] == [("sentence", True), ("clause", True), ("clause", True)]


@given(st.text(max_size=120))
def test_clauses_are_parts_of_the_sentence(sentence: str) -> None:
    assert all(part in sentence for part in clauses(sentence))


@given(st.lists(st.text(max_size=50), min_size=1, max_size=4))
def test_any_texts_are_read(utterances: list[str]) -> None:
    for index in range(len(utterances)):
        assert all(r.utterance == index and r.text.strip() for r in readings(utterances, index))
