"""Each file loaded by the library that it is made for."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from duologue.export import export_run
from duologue.store.reading import RunReader


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Path]) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    found = {}
    with RunReader(make_run(folder / "run", 5)) as reader:
        for name in ("jsonl", "parquet", "spc", "chat", "preference", "inference", "evidence"):
            found[name] = (
                folder / f"train.{'parquet' if name == 'parquet' else 'csv' if name == 'spc' else 'jsonl'}-{name}"
            )
            export_run(reader, name, found[name])
    return found


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Path], Any]:
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets.disable_progress_bars()

    def loaded(kind: str, file: Path) -> Any:
        return datasets.load_dataset(kind, data_files=str(file), split="train", cache_dir=str(tmp_path))

    return loaded


def test_parquet_and_jsonl_hold_the_same_rows(files: dict[str, Path], load: Callable[[str, Path], Any]) -> None:
    parquet, lines = load("parquet", files["parquet"]), load("json", files["jsonl"])
    assert parquet.num_rows == lines.num_rows == 5
    for one, two in zip(parquet, lines, strict=True):
        assert one["utterances"] == two["utterances"]
        assert [a["text"] for a in one["user_1"]["attributes"]] == [a["text"] for a in two["user_1"]["attributes"]]
        assert [e["label"] for e in one["evidence"]] == ["supported", "contradicted"]
    assert load("json", files["evidence"])["label"][:2] == ["supported", "contradicted"]
    assert load("json", files["inference"]).num_rows == 10


def test_lines_load_where_another_utterance_comes_late(
    files: dict[str, Path], load: Callable[[str, Path], Any], tmp_path: Path
) -> None:
    import datasets

    line = files["jsonl"].read_text(encoding="utf-8").splitlines()[0]
    assert '"other":-1' in line
    late = tmp_path / "late.jsonl"
    late.write_text(f"{line}\n" * 40 + line.replace('"other":-1', '"other":0', 1) + "\n", encoding="utf-8")
    rows = datasets.load_dataset(
        "json", data_files=str(late), split="train", cache_dir=str(tmp_path), chunksize=len(line) * 4
    )
    assert rows.num_rows == 41
    assert [rows[i]["evidence"][0]["other"] for i in (0, 40)] == [-1, 0]


def test_spc_has_the_columns_of_the_original(files: dict[str, Path]) -> None:
    with files["spc"].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["user 1 personas", "user 2 personas", "Best Generated Conversation"]
    assert len(rows) == 5
    assert rows[0]["user 1 personas"].split("\n") == ["I keep owls 0.", "I play chess 0."]
    assert rows[0]["Best Generated Conversation"].startswith("User 1: How are your owls 0?\nUser 2: ")


def test_chat_and_preference_load(files: dict[str, Path], load: Callable[[str, Path], Any]) -> None:
    chat, preference = load("json", files["chat"]), load("json", files["preference"])
    assert chat.num_rows == 10
    assert set(chat.column_names) >= {"messages"}
    assert set(preference.column_names) >= {"prompt", "chosen", "rejected", "why"}
