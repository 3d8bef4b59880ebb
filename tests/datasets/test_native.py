from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.datasets.native import FINDER, conversation_of
from duologue.export.rows import row_of
from duologue.store.reading import RunReader


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Path]) -> list[dict[str, Any]]:
    with RunReader(make_run(tmp_path_factory.mktemp("native") / "run", 3)) as reader:
        return [orjson.loads(orjson.dumps(row_of(c))) for c in reader.conversations()]


def test_a_row_becomes_the_conversation_it_was_made_from(rows: list[dict[str, Any]]) -> None:
    for index, row in enumerate(rows):
        made = conversation_of(row, index)
        assert made is not None
        assert orjson.loads(orjson.dumps(row_of(made))) == row
        assert made.candidate.pair.index == index
        assert [e.label for e in made.evidence] == ["supported", "contradicted"]


def test_values_that_are_no_number_stay_so(rows: list[dict[str, Any]]) -> None:
    row = copy.deepcopy(rows[0])
    row["verdicts"][0] |= {"value": None, "scores": [0.25, None], "utterances": [1]}
    made = conversation_of(row, 0)
    assert made is not None
    assert orjson.loads(orjson.dumps(row_of(made))) == row


def test_evidence_without_verdicts_gets_an_expert_to_stand_under(rows: list[dict[str, Any]]) -> None:
    made = conversation_of({**rows[0], "verdicts": []}, 0)
    assert made is not None
    assert [v.expert for v in made.verdicts] == [FINDER]
    assert len(made.evidence) == 2


def test_rows_without_evidence_or_turns_are_none(rows: list[dict[str, Any]]) -> None:
    row = copy.deepcopy(rows[0])
    assert conversation_of({**row, "evidence": [], "verdicts": []}, 0) is None
    row["utterances"][0]["speaker"] = 2
    assert conversation_of(row, 0) is None
    assert conversation_of({"evidence": [{}], "utterances": []}, 0) is None


@given(
    st.sampled_from(["id", "user_1", "utterances", "evidence", "verdicts", "votes", "pairing", "split", "iteration", "mode"]),
    st.recursive(st.none() | st.integers() | st.text(max_size=4), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner)),
)  # fmt: skip
def test_whatever_a_row_holds_it_never_raises(key: str, value: object) -> None:
    said = [{"speaker": 1, "text": "Hi"}, {"speaker": 2, "text": "Ho"}]
    user = {"attributes": [{"text": "I run."}]}
    verdicts = [{"expert": "depth", "kind": "quality", "value": 0.5, "passed": True, "reason": ""}]
    row: dict[str, Any] = {"id": "c-1", "user_1": user, "user_2": user, "utterances": said, "verdicts": verdicts}
    made = conversation_of({**row, key: value}, 0)
    assert made is None or made.candidate.utterances == ("Hi", "Ho")
