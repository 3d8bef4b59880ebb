"""Conversations to export, made by hypothesis or by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from duologue.records import Attribute, Candidate, Conversation, Evidence, Label, Pair, Profile, Verdict

TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            'say "hi", she',
            "a\rb",
            "a\u2028b\u2029c\x85d",
            "a;b,c\t'd'",
            "User 2: no",
            "{x} <|im_end|>",
            "=1+1",
            "\u202e\x00",
        ]
    ),
)
FLOATS = st.floats(0, 1)


def _make(
    user_1: tuple[str, ...], user_2: tuple[str, ...], utterances: tuple[str, ...], **pair_fields: object
) -> Conversation:
    """One conversation with evidence and verdicts between two given profiles."""
    first = Profile.of(tuple(Attribute.of(t, "seed", "k-1") for t in user_1))
    second = Profile.of(tuple(Attribute.of(t, "bootstrapped") for t in user_2), "given")
    fields: dict[str, object] = {"index": 0, "policy": "random", "split": "valid", **pair_fields}
    pair = Pair(id=f"p-{first.id[2:]}", user_1=first, user_2=second, **fields)  # type: ignore[arg-type]
    candidate = Candidate("k-1", pair, 2, 0, 1, utterances, "turns", "model\u00e9", "abc", 7, (2, 9))
    verdicts: list[Verdict] = []
    if user_1 and utterances:
        labels: tuple[Label, ...] = ("supported", "neutral", "contradicted")
        evidence = tuple(Evidence(1, first.attributes[0].id, i, labels[i % 3], 0.25) for i in range(len(utterances)))
        verdicts = [
            Verdict("format", "guard", 1.0, True),
            Verdict(
                "faithfulness",
                "filter",
                0.5,
                False,
                'says "no"\nto it',
                evidence,
                (0,),
                tuple(0.5 - 0.25 * i for i in range(len(utterances))),
            ),
        ]
    return Conversation(candidate, tuple(verdicts), 0.75)


@st.composite
def _any(draw: st.DrawFn) -> Conversation:
    texts = st.lists(TEXTS, max_size=3).map(tuple)
    return _make(draw(texts), draw(texts), draw(st.lists(TEXTS, max_size=4).map(tuple)))


@pytest.fixture(scope="session")
def make() -> Callable[..., Conversation]:
    """Makes a conversation from the attributes of both users, the utterances, and fields of the pair."""
    return _make


@pytest.fixture(scope="session")
def any_conversations() -> st.SearchStrategy[list[Conversation]]:
    """Up to three conversations of any texts."""
    return st.lists(_any(), max_size=3)


@pytest.fixture
def one() -> Conversation:
    """A plain conversation."""
    return _make(("I like tea.", "I sing."), ("I run.",), ("Tea?", "No, I run.", "I sing."))
