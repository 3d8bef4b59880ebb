"""Tests of the hub reader, with a stand-in for ``datasets`` and once with the real one on a local folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from duologue.datasets import open_dataset
from duologue.errors import UsageError

ROW: dict[str, object] = {"user_1": ["I a."], "user_2": ["I b."], "utterances": ["Hi."]}
Sets = dict[str, dict[str, list[dict[str, object]]]]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Sets:
    sets: Sets = {}
    module = ModuleType("datasets")

    def load_dataset(name: str, streaming: bool = False) -> dict[str, list[dict[str, object]]]:
        assert streaming
        if name not in sets:
            raise ConnectionError(f"no\nroute to {name}")
        return sets[name]

    vars(module).update(load_dataset=load_dataset, disable_progress_bars=lambda: None)
    monkeypatch.setitem(sys.modules, "datasets", module)
    return sets


def test_splits(hub: Sets) -> None:
    hub["o/n"] = {"train": [ROW, {**ROW, "utterances": None}], "validation": [ROW]}
    data = open_dataset("hf:o/n")
    assert [(d.split, d.provenance.row) for d in data] == [("train", 1), ("valid", 3)]
    assert data.problems.total == 1
    assert [d.split for d in open_dataset("hf:o/n:validation")] == ["valid"]
    with pytest.raises(UsageError, match='there is no split "dev"; splits: train, validation'):
        list(open_dataset("hf:o/n:dev"))


def test_other_columns_and_no_connection(hub: Sets) -> None:
    hub["o/n"] = {"train": [{"text": "x"}]}
    with pytest.raises(UsageError, match="its columns are text"):
        list(open_dataset("hf:o/n"))
    with pytest.raises(UsageError, match=r"hf:o/m can't be loaded \(no route to o/m\)"):
        list(open_dataset("hf:o/m"))


def test_a_connection_lost_on_the_way(hub: Sets) -> None:
    class Broken(list[dict[str, object]]):
        def __iter__(self) -> Iterator[dict[str, object]]:
            yield ROW
            raise TimeoutError("too\nslow")

    hub["o/n"] = {"train": Broken()}
    with pytest.raises(UsageError, match=r"after row 1 \(too slow\); try again"):
        list(open_dataset("hf:o/n"))


def test_without_datasets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UsageError, match=r"pip install 'duologue\[hub\]'"):
        list(open_dataset("hf:o/n"))


def test_a_local_folder_with_the_real_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets", reason="datasets is not installed")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "train.jsonl").write_text(json.dumps(ROW) + "\n")
    (folder / "test.jsonl").write_text(json.dumps(ROW) + "\n")
    assert [(d.split, d.user_1) for d in open_dataset(f"hf:{folder}")] == [("train", ("I a.",)), ("test", ("I a.",))]
