"""A finished run, and the folder published from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from duologue.publish import Options, publish


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Path]) -> Path:
    """A run of ten conversations: six for training, two for validation, two for the test."""
    return make_run(tmp_path_factory.mktemp("publish") / "run", 10)


@pytest.fixture(scope="session")
def published(run: Path) -> Path:
    """The run published with all further formats."""
    to = run.parent / "published"
    also = ("chat", "preference", "inference", "evidence", "spc", "convai2", "jsonl")
    publish(run, to, Options(name="Owls", author="A. Writer", also=also))
    return to
