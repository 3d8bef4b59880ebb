"""The table of few-shot against fine-tuned, on a run folder made by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.feedback import rounds, table


def test_rounds_and_table(make_run: Callable[..., Path], tmp_path: Path) -> None:
    found = rounds(make_run(tmp_path / "run", 5), "few-shot")
    assert [(r.number, len(r.tried)) for r in found] == [(1, 5)]
    lines = table([*found, *rounds(make_run(tmp_path / "other", 5), "both")])
    assert lines[2].startswith("| few-shot | 1 | ")
    assert lines[2].count("|") == lines[0].count("|")
    assert any(line.startswith("At ") for line in lines)
