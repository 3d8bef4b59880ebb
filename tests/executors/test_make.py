"""From the configuration to the place of a run, without Ray."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from tests.executors.conftest import configure

from duologue.executors.make import open_place


def test_settings_of_ray_are_named_where_they_do_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "duologue")
    with open_place(configure(tmp_path, storage=str(tmp_path / "store"))):
        assert caplog.messages == []
    with open_place(configure(tmp_path, workers=3, endpoints=["http://gpu-1:8000/v1"])):
        (said,) = caplog.messages
    assert "executor.workers, executor.endpoints" in said
    assert "model.base_url" in said
    assert "executor.cpus" not in said
