"""Tests of the native row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from duologue.export.rows import coverage, row_of
from duologue.records import Conversation, Evidence, Verdict


def test_row(one: Conversation) -> None:
    row = row_of(one)
    assert list(row) == [
        "id", "split", "iteration", "mode", "model", "prompt_hash", "seed", "pairing", "user_1", "user_2",
        "utterances", "evidence", "coverage", "verdicts", "votes", "hand",
    ]  # fmt: skip
    assert row["id"].startswith("c-")
    assert (row["split"], row["iteration"], row["seed"], row["votes"]) == ("valid", 2, 7, 0.75)
    assert [u["speaker"] for u in row["utterances"]] == [1, 2, 1]
    tea = one.candidate.pair.user_1.attributes[0]
    assert row["user_1"]["attributes"][0] == {
        "id": tea.id,
        "text": "I like tea.",
        "origin": "seed",
        "category": "k-1",
        "carried": [0],
    }
    assert row["evidence"] == [
        {
            "owner": 1,
            "attribute": tea.id,
            "text": "I like tea.",
            "utterance": 0,
            "speaker": 1,
            "label": "supported",
            "score": 0.25,
            "swapped": False,
            "verbatim": False,
            "other": None,
        },
        {
            "owner": 1,
            "attribute": tea.id,
            "text": "I like tea.",
            "utterance": 1,
            "speaker": 2,
            "label": "neutral",
            "score": 0.25,
            "swapped": False,
            "verbatim": False,
            "other": None,
        },
        {
            "owner": 1,
            "attribute": tea.id,
            "text": "I like tea.",
            "utterance": 2,
            "speaker": 1,
            "label": "contradicted",
            "score": 0.25,
            "swapped": False,
            "verbatim": False,
            "other": None,
        },
    ]
    assert row["coverage"] == {"user_1": 0.5, "user_2": 0.0}
    assert [v["expert"] for v in row["verdicts"]] == ["format", "faithfulness"]
    assert [(v["utterances"], v["scores"]) for v in row["verdicts"]] == [([], []), ([0], [0.5, 0.25, 0.0])]


def test_evidence_of_several_experts_is_given_once_with_the_surest_score(one: Conversation) -> None:
    tea = one.candidate.pair.user_1.attributes[0]
    more = Verdict("swap", "guard", 1, True, evidence=(Evidence(1, tea.id, 0, "supported", 0.9),))
    rows = row_of(replace(one, verdicts=(*one.verdicts, more)))["evidence"]
    assert [(e["utterance"], e["score"]) for e in rows] == [(0, 0.9), (1, 0.25), (2, 0.25)]


def test_a_finding_goes_before_a_surer_neutral(one: Conversation) -> None:
    tea = one.candidate.pair.user_1.attributes[0]
    more = Verdict("other", "filter", 1, True, evidence=(Evidence(1, tea.id, 0, "neutral", 0.99),))
    rows = row_of(replace(one, verdicts=(more, *one.verdicts)))["evidence"]
    assert [(e["label"], e["score"]) for e in rows if e["utterance"] == 0] == [("supported", 0.25)]


def test_a_self_contradiction_names_both_utterances(one: Conversation) -> None:
    verdict = Verdict("faithfulness", "filter", 1, True, evidence=(Evidence(1, "", 2, "contradicted", 0.9, other=0),))
    (row,) = row_of(replace(one, verdicts=(verdict,)))["evidence"]
    assert (row["utterance"], row["other"], row["speaker"], row["attribute"], row["text"]) == (2, 0, 1, "", "")


def test_a_swapped_attribute_is_marked_and_not_covered(one: Conversation) -> None:
    tea = one.candidate.pair.user_1.attributes[0]
    swapped = Verdict("faithfulness", "filter", 1, True, evidence=(Evidence(1, tea.id, 1, "supported", 0.9),))
    conversation = replace(one, verdicts=(swapped,))
    assert row_of(conversation)["evidence"][0]["swapped"] is True
    assert coverage(conversation, 1) == 0.0


def test_coverage_is_null_when_not_measured(make: Callable[..., Conversation], one: Conversation) -> None:
    assert coverage(replace(one, verdicts=()), 1) is None
    assert coverage(replace(one, verdicts=(Verdict("faithfulness", "filter", 1, True),)), 1) == 0.0
    assert coverage(make((), (), ()), 2) is None
