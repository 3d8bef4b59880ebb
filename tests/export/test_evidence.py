"""Tests of the evidence as labelled pairs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.export.evidence import EvidenceFormat, pairs_of
from duologue.records import Conversation, Evidence, Verdict


def test_pairs_hold_both_texts_and_what_came_before(one: Conversation) -> None:
    pairs = list(pairs_of(one))
    assert [(p["utterance"], p["before"], p["against"], p["kind"], p["label"]) for p in pairs] == [
        ("Tea?", "", "I like tea.", "own", "supported"),
        ("No, I run.", "Tea?", "I like tea.", "partner", "neutral"),
        ("I sing.", "No, I run.", "I like tea.", "own", "contradicted"),
    ]
    assert {p["conversation"] for p in pairs} == {one.id}


def test_a_self_contradiction_stands_against_the_earlier_utterance(one: Conversation) -> None:
    verdict = Verdict("faithfulness", "filter", 1, True, evidence=(Evidence(1, "", 2, "contradicted", 0.9, other=0),))
    (pair,) = pairs_of(replace(one, verdicts=(verdict,)))
    assert (pair["utterance"], pair["against"], pair["kind"]) == ("I sing.", "Tea?", "self")


def test_an_index_beyond_the_conversation_is_left_out(one: Conversation) -> None:
    beyond = (Evidence(1, "a", 9, "supported", 0.5), Evidence(1, "", 2, "contradicted", 0.9, other=9))
    assert list(pairs_of(replace(one, verdicts=(Verdict("x", "filter", 1, True, evidence=beyond),)))) == []


@settings(deadline=None)
@given(st.data())
def test_reads_back(
    tmp_path_factory: pytest.TempPathFactory,
    any_conversations: st.SearchStrategy[list[Conversation]],
    data: st.DataObject,
) -> None:
    rows = data.draw(any_conversations)
    to: Path = tmp_path_factory.mktemp("evidence") / "out.jsonl"
    assert EvidenceFormat().write(iter(rows), to) == len(rows)
    lines = to.read_bytes().splitlines() if rows else []
    assert [orjson.loads(line) for line in lines] == [pair for row in rows for pair in pairs_of(row)]
