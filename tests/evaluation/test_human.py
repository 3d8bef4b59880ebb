"""Tests of the reference: measured in what has people as its measure, and every figure's distance to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from duologue.evaluation import Options, Report, evaluate
from duologue.evaluation.rendering import charts
from duologue.evaluation.rendering.html import page
from duologue.evaluation.rendering.markdown import markdown

Write = Callable[[Path, Sequence[Any]], Path]


@pytest.fixture(scope="module")
def report(
    clean_rows: Callable[..., list[Any]],
    write_rows: Write,
    scripted_options: Callable[..., Options],
    tmp_path_factory: pytest.TempPathFactory,
) -> Report:
    """A data set of questions throughout, beside half of the reference and with another reference than itself."""
    folder = tmp_path_factory.mktemp("human")
    human = clean_rows(45)
    asks = clean_rows(45, seed=3)
    for row in asks:
        row["utterances"] = [text.rstrip(".!") + "?" for text in row["utterances"][:6]]
    reference = write_rows(folder / "human.jsonl", [*human, {"text": "x"}])
    options = scripted_options(groups=("likeness",), reference=reference)
    return evaluate(write_rows(folder / "asks.jsonl", asks), [folder / "human.jsonl"], options)


def test_each_figure_that_people_are_the_measure_of_has_a_signed_distance(report: Report) -> None:
    assert report.reference is not None
    human, (asks, same) = report.reference.figures, report.data_sets
    assert set(human) == {n for n in same.figures if report.metrics[n].direction == "human"}
    assert {"persona_rank_user_1", "utterances", "questions"} <= set(human)
    for name, figure in asks.figures.items():
        if name not in human:
            assert figure.to_reference is None, name
            continue
        gap = figure.to_reference
        assert gap is not None, name
        assert gap.difference == pytest.approx(figure.value - human[name].value)
        assert gap.low <= gap.difference <= gap.high
        assert gap.interval == (figure.interval and human[name].interval), name
    more, less = asks.figures["questions"].to_reference, asks.figures["utterances"].to_reference
    assert more is not None
    assert less is not None
    assert more.low > 0
    assert (less.difference, less.high) == (-4, -4)
    assert all(same.figures[n].to_reference.difference == 0 for n in human)  # type: ignore[union-attr]


def test_the_reference_by_itself_is_measured_and_its_problems_are_told(
    clean_rows: Callable[..., list[Any]], write_rows: Write, scripted_options: Callable[..., Options], tmp_path: Path
) -> None:
    rows = clean_rows(60)
    reference = write_rows(tmp_path / "human.jsonl", [*rows[30:], {"text": "x"}])
    mine = write_rows(tmp_path / "mine.jsonl", rows[:7])
    made = evaluate(mine, options=scripted_options(groups=("likeness",), reference=reference))
    assert made.reference is not None
    assert (made.reference.name, made.reference.conversations, made.reference.unreadable) == ("human", 30, 1)
    assert made.reference.figures["utterances"].value == 10
    gap = made.data_sets[0].figures["utterances"].to_reference
    assert gap is not None
    assert not gap.interval
    assert any(note.startswith("human.jsonl (reference): 1 row left out") for note in made.notes)
    alone = evaluate(mine, options=scripted_options(groups=("cleanliness",)))
    assert alone.reference is None
    assert charts.to_reference(alone) == ""


def test_it_stands_in_tables_and_charts(report: Report) -> None:
    tables = markdown(report)
    assert "| reference, human |" in tables
    assert "## More or less than the reference, human" in tables
    line = next(row for row in tables.split("More or less")[1].splitlines() if "utterances in a conversation" in row)
    assert "-4.00" in line
    assert ", less" in line
    made = page(report)
    assert "Beside the reference, human" in made
    assert "per cent of the reference" in made
