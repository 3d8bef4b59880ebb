"""Tests of the hub reader, with a stand-in for ``datasets`` and once with the real one on a local folder."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from types import ModuleType

import pytest

from duologue.config.sections import SeedsConfig
from duologue.errors import SeedError
from duologue.seeds import read_seeds


class Rows(list[dict[str, object]]):
    """The part of a ``datasets.Dataset`` that the reader uses."""

    @property
    def column_names(self) -> list[str]:
        return list(self[0])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Rows]]:
    sets: dict[str, dict[str, Rows]] = {}
    module = ModuleType("datasets")

    def load_dataset(name: str) -> dict[str, Rows]:
        logging.getLogger("huggingface_hub").warning("Retrying in 1s")
        if name not in sets:
            raise ConnectionError(f"no\nroute to {name}")
        return sets[name]

    vars(module)["load_dataset"] = load_dataset
    vars(module)["disable_progress_bars"] = lambda: None
    monkeypatch.setitem(sys.modules, "datasets", module)
    return sets


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "persona": ["I a.", "I b."]},
        {"personas": "I a.\nI b."},
        {"Personality": ["I a.", "I b."], "history": []},
        {"user 1 personas": "I a.\nI b.", "user 2 personas": "I b.\nI a.", "Best Generated Conversation": ""},
    ],
)
def test_columns(hub: dict[str, dict[str, Rows]], row: dict[str, object]) -> None:
    hub["o/n"] = {"train": Rows([row])}
    seeds = read_seeds(SeedsConfig(path="hf:o/n"))
    assert seeds.profiles == (("I a.", "I b."),)
    assert seeds.format == "hub"


def test_splits(hub: dict[str, dict[str, Rows]]) -> None:
    hub["n"] = {"valid": Rows([{"persona": ["I v."]}]), "train": Rows([{"persona": ["I t."]}])}
    assert read_seeds(SeedsConfig(path="hf:n")).attributes == ("I t.",)
    assert read_seeds(SeedsConfig(path="hf:n:valid")).attributes == ("I v.",)
    assert read_seeds(SeedsConfig(path="n", format="hub")).attributes == ("I t.",)
    with pytest.raises(SeedError, match='there is no split "test"; splits: valid, train'):
        read_seeds(SeedsConfig(path="hf:n:test"))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("hf:gone", "can't be loaded \\(no route to gone\\)"),
        ("hf:", "names no data set"),
        ("hf:a b", "names no data set"),
        ("hf:../x/y", "names no data set"),
        ("hf:" + "x" * 300, "can't be loaded"),
        ("hf:" + "x " * 200, "names no data set"),
        ("hf:other", 'has no column "persona"'),
        ("hf:odd", 'row 1, column "persona" holds "3"'),
        ("hf:mixed", "neither a text nor a list of texts"),
    ],
)
def test_refusals(hub: dict[str, dict[str, Rows]], path: str, said: str) -> None:
    hub["other"] = {"train": Rows([{"text": "x"}])}
    hub["odd"] = {"train": Rows([{"persona": 3}])}
    hub["mixed"] = {"train": Rows([{"persona": ["I a.", None]}])}
    with pytest.raises(SeedError, match=said) as caught:
        read_seeds(SeedsConfig(path=path))
    assert "\n" not in str(caught.value)


def test_retries_are_not_printed(hub: dict[str, dict[str, Rows]], caplog: pytest.LogCaptureFixture) -> None:
    hub["n"] = {"train": Rows([{"persona": ["I t."]}])}
    before = logging.getLogger("huggingface_hub").level
    read_seeds(SeedsConfig(path="hf:n"))
    assert caplog.messages == []
    assert logging.getLogger("huggingface_hub").level == before


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(SeedError, match=r"pip install 'duologue\[hub\]'"):
        read_seeds(SeedsConfig(path="hf:o/n"))


def test_a_local_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "data"
    folder.mkdir()
    folder.joinpath("train.jsonl").write_text(json.dumps({"persona": ["I a.", "I b."]}) + "\n")
    assert read_seeds(SeedsConfig(path=f"hf:{folder}")).profiles == (("I a.", "I b."),)
