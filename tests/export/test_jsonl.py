"""Tests of native JSON lines."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.export.jsonl import NO_OTHER, JsonlFormat
from duologue.export.rows import row_of
from duologue.records import Conversation


@settings(deadline=None)
@given(st.data())
def test_reads_back(
    tmp_path_factory: pytest.TempPathFactory,
    any_conversations: st.SearchStrategy[list[Conversation]],
    data: st.DataObject,
) -> None:
    rows = data.draw(any_conversations)
    to = tmp_path_factory.mktemp("jsonl") / "out.jsonl"
    assert JsonlFormat().write(iter(rows), to) == len(rows)
    lines = to.read_bytes().split(b"\n")
    assert lines.pop() == b""
    found = [orjson.loads(line) for line in lines]
    for row in found:
        assert all(isinstance(item["other"], int) for item in row["evidence"])
        row["evidence"] = [
            item | {"other": None if item["other"] == NO_OTHER else item["other"]} for item in row["evidence"]
        ]
    assert found == [row_of(row) for row in rows]
