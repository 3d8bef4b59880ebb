"""Tests of the Parquet reader."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from duologue.datasets import Dialogue, Problem, open_dataset
from duologue.datasets.readers.parquet import ParquetReader
from duologue.errors import UsageError

ROW = {"user_1": ["I a."], "user_2": ["I b."], "utterances": ["Hi."], "extra": 1}


def write(to: Path, rows: list[dict[str, object]]) -> Path:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    to.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), to, row_group_size=2)
    return to


def test_a_folder_is_read_split_by_split(tmp_path: Path) -> None:
    for name in (
        "data/test-00000-of-00001",
        "data/train-00001-of-00002",
        "data/train-00000-of-00002",
        "data/validation",
    ):
        write(tmp_path / f"{name}.parquet", [{**ROW, "id": name}])
    data = open_dataset(tmp_path)
    assert data.format == "parquet"
    assert [(d.split, d.id[-5:]) for d in data] == [
        ("train", "00002"), ("train", "00002"), ("valid", "ation"), ("test", "00001"),
    ]  # fmt: skip
    assert [d.provenance.row for d in data] == [1, 2, 3, 4]


def test_a_files_own_name_says_no_split(tmp_path: Path) -> None:
    (found,) = open_dataset(write(tmp_path / "train.parquet", [{**ROW, "split": None}]))
    assert found.split == ""


@pytest.mark.parametrize("names", [("user 1", "user 2"), ("User_1", "User_2"), ("persona A", "Persona_B")])
def test_columns_are_read_however_their_words_are_joined(tmp_path: Path, names: tuple[str, str]) -> None:
    one, two = names
    row: dict[str, object] = {one: ["I a."], two: ["I b."], "Utterances": ["Hi.", "Ho."], "extra": 1}
    (found,) = open_dataset(write(tmp_path / "x.parquet", [row]))
    assert (found.user_1, found.user_2) == (("I a.",), ("I b.",))


def test_a_damaged_row_group_is_one_problem(tmp_path: Path) -> None:
    file = write(tmp_path / "x.parquet", [{**ROW, "user_1": [f"I {i}." * 50]} for i in range(6)])
    import pyarrow.parquet as pq

    group = pq.ParquetFile(file).metadata.row_group(1).column(0)
    data = bytearray(file.read_bytes())
    start = group.dictionary_page_offset or group.data_page_offset
    data[start : start + group.total_compressed_size] = b"\xff" * group.total_compressed_size
    file.write_bytes(data)
    found = list(ParquetReader().read(str(file)))
    assert [type(item) for item in found] == [Dialogue, Dialogue, Problem, Dialogue, Dialogue]


def test_what_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="its columns are a; a data set has"):
        list(open_dataset(write(tmp_path / "x.parquet", [{"a": 1}])))
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(UsageError, match="can't be read as Parquet"):
        list(open_dataset(tmp_path / "cut.parquet"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no Parquet file"):
        list(open_dataset(tmp_path / "empty", "parquet"))


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "x.parquet", [ROW])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install 'duologue\[parquet\]'"):
        list(open_dataset(file))
