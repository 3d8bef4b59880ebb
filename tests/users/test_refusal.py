"""Each reason to refuse a sentence, and sentences that none may refuse."""

from __future__ import annotations

import pytest

from duologue.users.refusal import Limits, halves, refuse_attribute, refuse_query

CONTEXT = ("I have two brown dogs.", "My sister lives in Spain.")
LIMITS = Limits(3, 12, context=CONTEXT, examples=("I gave up the violin when I was twelve.",))


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("", "empty"),
        ("?!", "empty"),
        ("As an AI, I have no dogs.", "assistant_voice"),
        ("Sure, here is a sentence about me.", "assistant_voice"),
        ("I'm sorry, but I cannot help.", "assistant_voice"),
        ("I cannot provide personal details.", "assistant_voice"),
        ("I am an AI and I have no dogs.", "assistant_voice"),
        ("I'm an AI language model.", "assistant_voice"),
        ("I am a virtual assistant.", "assistant_voice"),
        ("I am an assistant.", "assistant_voice"),
        ("I am a bot.", "assistant_voice"),
        ("I am here to assist you.", "assistant_voice"),
        ("My new sentence is about dogs.", "prompt_leak"),
        ("I wrote a short sentence about myself.", "prompt_leak"),
        ("I answered the new question.", "prompt_leak"),
        ("I read the given persona twice.", "prompt_leak"),
        ("A short sentence is what I want.", "prompt_leak"),
        ("I gave up the violin when I was twelve!", "prompt_leak"),
        ("I gave up my violin at twelve.", "prompt_leak"),
        ("My name is [name].", "placeholder"),
        ("I live in {city} now.", "placeholder"),
        ("I was born in ____ you know.", "placeholder"),
        ("I like tea. I like milk.", "one_sentence"),
        ("I like tea, do you?", "question"),
        ("She likes green tea.", "first_person"),
        ("Tea is what I like.", "first_person"),
        ("I don't know what you're worried about.", "second_person"),
        ("I swim.", "length"),
        ("I like tea and cake and jam and bread and rum and plums.", "length"),
        ("I like \u5317\u4eac very much.", "script"),
        ("I have two brown dogs!", "repeats_context"),
        ("I have got two brown dogs", "repeats_context"),
        ("I love and hate dogs.", "contradiction_in_terms"),
        ("I always never eat meat.", "contradiction_in_terms"),
        ("I like but also dislike my job.", "contradiction_in_terms"),
        ("I eat meat and I never eat meat.", "contradiction_in_terms"),
        ("I have a car but I don't have a car.", "contradiction_in_terms"),
    ],
)
def test_refused(text: str, by: str) -> None:
    refusal = refuse_attribute(text, LIMITS)
    assert refusal is not None
    assert refusal.by == by
    assert refusal.reason
    assert "\n" not in refusal.reason


@pytest.mark.parametrize(
    "text",
    [
        "I'm a nurse.",
        "My knees hurt when it rains.",
        "i like tea",
        "I've never seen the sea.",
        "I love cats but hate dogs.",
        "I always eat late, never early.",
        "I have no brothers and my sister is away.",
        "I work as a dental assistant in Caf\u00e9 Street.",
        "I can swim but can't dive.",
        "I ask myself questions at night.",
        "I am an assistant chef.",
        "I'm an assistant professor of botany.",
        "My sister is a virtual assistant.",
        "I am an AI researcher.",
        "My favorite short sentences are haiku.",
        "I learn a new sentence in Spanish daily.",
        "My brown dog hates two other dogs.",
    ],
)
def test_not_refused(text: str) -> None:
    assert refuse_attribute(text, LIMITS) is None


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("", "empty"),
        ("What is your [job]?", "placeholder"),
        ("I am a baker.", "not_question"),
        ("Where do you live? What is your job?", "one_sentence"),
        ("Sure, what is your job?", "assistant_voice"),
        ("What is a good new question?", "prompt_leak"),
        ("What " + "very " * 20 + "big thing do you want?", "length"),
        ("What?", "length"),
    ],
)
def test_refused_queries(text: str, by: str) -> None:
    refusal = refuse_query(text, Limits(2, 20))
    assert refusal is not None
    assert refusal.by == by


def test_a_query_copied_from_the_prompt() -> None:
    refusal = refuse_query("how do you write?", Limits(2, 20, examples=("How do you write?",)))
    assert refusal is not None
    assert refusal.by == "prompt_leak"


def test_good_query() -> None:
    assert refuse_query("What do you do for a living?", Limits(2, 20)) is None


def test_halves_need_two_statements_of_the_speaker() -> None:
    assert halves("I am single, and my wife is a nurse.") == ("I am single", "my wife is a nurse.")
    assert halves("I like tea and cake.") is None
