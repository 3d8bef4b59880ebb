"""Workers get absolute paths."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.executors.conftest import configure

from duologue.executors.ray.paths import absolute
from duologue.executors.ray.place import RayPlace


def test_relative_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    over = {"model__backend": "embedded", "model__name": "weights/m.gguf", "model__adapter": "~/adapter"}
    judge = {"backend": "embedded", "name": "weights/j.gguf"}
    found = absolute(configure(tmp_path, small_models__nli="my-nli", critic__judge=judge, **over))
    assert found.critic.judge is not None
    assert found.critic.judge.name == str(tmp_path / "weights" / "j.gguf")
    assert found.model.name == str(tmp_path / "weights" / "m.gguf")
    assert found.model.adapter == "/home/somebody/adapter"
    assert found.small_models.nli == str(tmp_path / "my-nli")


def test_names_of_models_stay(tmp_path: Path) -> None:
    config = configure(tmp_path)
    assert absolute(config) == config
    named = configure(tmp_path, model__backend="endpoint", model__name="ORG/m.gguf", model__base_url="http://gpu-1/v1")
    assert absolute(named).model.name == "ORG/m.gguf"


def test_the_small_models_of_level_1_are_found_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = RayPlace(configure(tmp_path, kind="ray", small_models__nli="my-nli"))
    assert place._small.nli == str(tmp_path / "my-nli")
