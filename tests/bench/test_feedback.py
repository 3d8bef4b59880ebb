"""The table of few-shot against fine-tuned, on a run folder made by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.feedback import Round, rounds, table

from duologue.conversations.figures import Tried
from duologue.records import Candidate


def rate(candidate: Candidate) -> float:
    return 0.25 if candidate.pair.index == 3 else 0.75


@pytest.fixture
def found(make_run: Callable[..., Path], tmp_path: Path) -> list[Round]:
    """Ten pairs, of which the fourth and the ninth are held out."""
    return rounds(make_run(tmp_path / "run", 10), "few-shot")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_rounds_look_at_held_out_pairs_alone(found: list[Round]) -> None:
    assert [(r.number, [t.candidate.pair.index for t in r.tried if t.candidate]) for r in found] == [(1, [3, 8])]


def test_quality_and_faults_stand_beside_diversity(found: list[Round]) -> None:
    lines = table([*found, *(replace(r, arm="both") for r in found)], rate)
    values = dict(zip(cells(lines[0]), cells(lines[2]), strict=True))
    assert values["arm"] == "few-shot"
    assert values["accepted"] == "1.000"
    assert values["overall"] == "0.500"
    assert values["distinct openings"] == "0.500"
    assert values["attributes voiced only by the partner"] == "0.000"
    assert values["with a placeholder"] == "0.000"


def test_the_last_table_has_the_figures_at_one_budget(found: list[Round]) -> None:
    first = replace(found[0], tokens=100)
    runs = [first, replace(first, number=2, tokens=300), replace(first, arm="both", tokens=400)]
    lines = table([*runs, replace(first, arm="both", number=2, tokens=200)], rate)
    place = next(i for i, line in enumerate(lines) if line.startswith("At 300 generated tokens"))
    last = [cells(line)[:3] for line in lines[place + 4 :] if line.startswith("|")]
    assert last == [["few-shot", "2", "300"], ["both", "2", "200"]]
    assert all(line.count("|") == lines[0].count("|") for line in lines if line.startswith("|"))


def test_rows_are_compared_on_the_pairs_that_all_have(found: list[Round]) -> None:
    (one,) = found
    lost = replace(one, arm="both", tried=(one.tried[0], Tried(one.tried[1].pair, None, (), "critic")))
    lines = table([one, lost], rate)
    values = [dict(zip(cells(lines[0]), cells(line), strict=True)) for line in lines[2:4]]
    assert [v["accepted"] for v in values] == ["1.000", "0.500"]
    assert [v["overall"] for v in values] == ["0.250", "0.250"]
    assert [v["distinct openings"] for v in values] == ["1.000", "1.000"]
    none = replace(one, arm="both", tried=tuple(Tried(t.pair, None, (), "critic") for t in one.tried))
    assert dict(zip(cells(lines[0]), cells(table([one, none], rate)[2]), strict=True))["overall"] == ""
