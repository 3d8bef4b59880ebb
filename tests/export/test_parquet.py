"""Tests of native Parquet."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.errors import UsageError
from duologue.export import parquet
from duologue.export.parquet import ParquetFormat
from duologue.export.rows import row_of
from duologue.records import Conversation


@settings(deadline=None)
@given(st.data())
def test_reads_back(
    tmp_path_factory: pytest.TempPathFactory,
    any_conversations: st.SearchStrategy[list[Conversation]],
    data: st.DataObject,
) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    rows = data.draw(any_conversations)
    to = tmp_path_factory.mktemp("parquet") / "out.parquet"
    assert ParquetFormat().write(iter(rows), to) == len(rows)
    table = pq.read_table(to)
    assert table.schema == parquet.schema()
    assert table.to_pylist() == [row_of(row) for row in rows]


def test_row_groups(one: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(parquet, "GROUP", 2)
    to = tmp_path / "out.parquet"
    assert ParquetFormat().write([one] * 5, to) == 5
    assert pq.ParquetFile(to).num_row_groups == 3


def test_the_schema_has_the_keys_of_the_row(make: Callable[..., Conversation]) -> None:
    pytest.importorskip("pyarrow")
    assert parquet.schema().names == list(row_of(make((), (), ())))


def test_without_pyarrow(one: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install 'duologue\[parquet\]'"):
        ParquetFormat().write([one], tmp_path / "out.parquet")
