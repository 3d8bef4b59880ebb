"""Tests of the evidence as labelled pairs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.errors import UsageError
from duologue.export import export_run
from duologue.export.evidence import EvidenceFormat, pairs_of
from duologue.records import Conversation, Evidence, Verdict
from duologue.store.database import Database
from duologue.store.ledger import SqlLedger
from duologue.store.reading import RunReader


def test_pairs_hold_both_texts_and_what_came_before(one: Conversation) -> None:
    pairs = list(pairs_of(one))
    assert [(p["utterance"], p["before"], p["against"], p["kind"], p["label"]) for p in pairs] == [
        ("Tea?", "", "I like tea.", "own", "supported"),
        ("No, I run.", "Tea?", "I like tea.", "partner", "neutral"),
        ("I sing.", "No, I run.", "I like tea.", "own", "contradicted"),
    ]
    assert {(p["conversation"], p["candidate"], p["rejected_by"]) for p in pairs} == {(one.id, one.candidate.id, "")}


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


def test_rejected_candidates_give_pairs_where_they_are_asked_for(tmp_path: Path, make_run: Callable[..., Path]) -> None:
    with RunReader(_with_a_judged_reject(make_run(tmp_path / "run", 5))) as reader:
        assert export_run(reader, "evidence", tmp_path / "won.jsonl") == 5
        assert export_run(reader, "evidence", tmp_path / "all.jsonl", rejected=True) == 6
        assert export_run(reader, "evidence", tmp_path / "test.jsonl", rejected=True, split="test") == 1
        with pytest.raises(UsageError, match="--rejected: is for the format evidence alone"):
            export_run(reader, "jsonl", tmp_path / "no.jsonl", rejected=True)
    won, every = ([orjson.loads(line) for line in (tmp_path / name).read_bytes().splitlines()]
                  for name in ("won.jsonl", "all.jsonl"))  # fmt: skip
    assert every[: len(won)] == won
    (pair,) = every[len(won) :]
    assert (pair["rejected_by"], pair["kind"], pair["label"]) == ("faithfulness", "own", "contradicted")
    assert pair["conversation"] == won[0]["conversation"]
    assert pair["candidate"] != won[0]["candidate"]


def _with_a_judged_reject(folder: Path) -> Path:
    """Add evidence of a contradiction to the candidate of the first pair that faithfulness refused."""

    async def write() -> None:
        database = Database(folder)
        with RunReader(folder) as reader:
            item = next(i for i in reader.items("candidate", status="rejected") if i.by == "faithfulness")
            revision, pair = reader.revision(), reader.pair(item.value()["pair"])
        assert pair is not None
        found = Evidence(1, pair.user_1.attributes[0].id, 0, "contradicted", 0.9)
        ledger = SqlLedger(database, revision)
        ledger.judged(item.item, [Verdict("faithfulness", "filter", -1.0, False, "no", (found,))])
        await ledger.flush()
        database.close()

    asyncio.run(write())
    return folder
