"""Tests of leakage between data sets, from both sides."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from duologue.evaluation import Options, evaluate


def test_leakage_is_a_share_of_the_data_set_that_copied(
    clean_rows: Callable[..., list[Any]],
    write_rows: Callable[[Path, Sequence[Any]], Path],
    scripted_options: Callable[..., Options],
    tmp_path: Path,
) -> None:
    rows = clean_rows(60)
    taken = copy.deepcopy(rows[10:16])
    for row in taken:
        row["utterances"][6] = "Do you keep animals over there in another street?"
    own = clean_rows(80, seed=9)[60:]
    mine = write_rows(tmp_path / "mine.jsonl", [*taken, own[0], *own[2:]])
    theirs = write_rows(tmp_path / "theirs.jsonl", rows[:40])
    human = write_rows(tmp_path / "human.jsonl", [*own[2:5], *rows[50:]])
    report = evaluate(mine, [theirs], scripted_options(groups=("diversity",), reference=human))
    one, other = report.data_sets
    assert one.leaks == {"theirs": 6 / 25, "human.jsonl (reference)": 3 / 25}
    assert other.leaks == {"mine": 6 / 40, "human.jsonl (reference)": 0.0}
    assert (one.figures["leakage"].count, other.figures["leakage"].count) == (9, 6)
    assert one.figures["leakage"].rows == (1, 2, 3, 4, 5)
    assert any("mine: of its conversations, 24.0% in theirs" in note for note in report.notes)
    again = evaluate(mine, [human], scripted_options(groups=("diversity",), reference=human))
    assert again.data_sets[0].leaks == {"human": 3 / 25}
    assert "leakage" in evaluate(mine, options=scripted_options(groups=("diversity",))).data_sets[0].absent
