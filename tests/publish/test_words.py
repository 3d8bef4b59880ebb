from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from duologue.publish import Options, publish
from duologue.store.database import Database


@pytest.mark.parametrize(("expert", "checked"), [("faithfulness-formal", True), ("format", False)])
def test_only_the_evidence_matrix_measures_what_comes_through(
    make_run: Callable[..., Path], tmp_path: Path, expert: str, checked: bool
) -> None:
    run = make_run(tmp_path / "run", 2)
    database = Database(run)
    database.post(("UPDATE verdicts SET expert = ? WHERE expert = 'faithfulness'", (expert,)))
    database.post(("UPDATE items SET data = CAST(replace(CAST(data AS TEXT), 'supported', 'neutral') AS BLOB)", ()))
    database.close()
    publish(run, tmp_path / "to", Options())
    card = (tmp_path / "to" / "README.md").read_text(encoding="utf-8")
    assert "Whether the attributes come through was not measured." in card
    assert "| attributes that came through, by the run's evidence | not measured |" in card
    assert "0 % of the attributes" not in card
    assert ("No expert of the name faithfulness" not in card) == checked
