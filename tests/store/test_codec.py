from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.records import Attribute, Candidate, Conversation, Evidence, Pair, Profile, Verdict
from duologue.store.codec import clean, decode, encode

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ATTRIBUTE = st.builds(Attribute, id=TEXT, text=TEXT, origin=st.sampled_from(["seed", "bootstrapped"]), category=TEXT)
PROFILE = st.builds(Profile, id=TEXT, attributes=st.lists(ATTRIBUTE, max_size=3).map(tuple))
PAIR = st.builds(
    Pair,
    id=TEXT,
    index=st.integers(0, 10**9),
    user_1=PROFILE,
    user_2=PROFILE,
    score=st.floats(allow_nan=False, allow_infinity=False),
    shared=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
)
CANDIDATE = st.builds(
    Candidate,
    id=TEXT,
    pair=PAIR,
    iteration=st.integers(1, 99),
    attempt=st.integers(0, 9),
    sample=st.integers(0, 9),
    utterances=st.lists(TEXT, max_size=4).map(tuple),
    mode=st.sampled_from(["whole", "turns"]),
    model=TEXT,
    prompt_hash=TEXT,
    seed=st.integers(0, 2**31 - 1),
)
EVIDENCE = st.builds(
    Evidence,
    owner=st.sampled_from([1, 2]),
    attribute=TEXT,
    utterance=st.integers(0, 50),
    label=st.sampled_from(["supported", "contradicted", "neutral"]),
    score=st.floats(0, 1),
)
VERDICT = st.builds(
    Verdict,
    expert=TEXT,
    kind=st.sampled_from(["guard", "filter", "quality"]),
    value=st.floats(allow_nan=False, allow_infinity=False),
    passed=st.booleans(),
    reason=TEXT,
    evidence=st.lists(EVIDENCE, max_size=2).map(tuple),
    utterances=st.lists(st.integers(0, 50), max_size=2).map(tuple),
)


@settings(max_examples=40, deadline=None)
@given(st.builds(Conversation, candidate=CANDIDATE, verdicts=st.lists(VERDICT, max_size=2).map(tuple)))
def test_records_come_back_as_they_were(conversation: Conversation) -> None:
    assert decode(Conversation, encode(conversation)) == conversation


@given(st.text(st.characters(), max_size=30))
def test_any_text_can_be_encoded(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert decode(Attribute, encode(Attribute("a", text))).text == cleaned
    assert decode(dict, encode({text: [text]})) == {cleaned: [cleaned]}


def test_clean_keeps_good_text_and_replaces_lone_surrogates() -> None:
    assert clean("naïve 🙂\x00") == "naïve 🙂\x00"
    assert clean("a\ud800b") == "a\ufffdb"


def test_what_is_no_record_of_the_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="Attribute"):
        decode(Attribute, b'{"id": 3}')


def test_nan_has_no_json_form() -> None:
    assert encode(math.nan) == b"null"
