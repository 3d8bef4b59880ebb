"""Tests of units, ranges and directions in words, and where they are shown."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from duologue.evaluation import Options, evaluate
from duologue.evaluation.records import Definition
from duologue.evaluation.registry import make_metrics
from duologue.evaluation.rendering.charts import COLOURS, _colour, _hatch, _marker
from duologue.evaluation.rendering.html import page
from duologue.evaluation.rendering.markdown import markdown
from duologue.evaluation.rendering.scale import bounds, in_words, titled
from duologue.evaluation.rendering.terminal import print_report
from duologue.evaluation.reporting import describe

Write = Callable[[Path, Sequence[Any]], Path]


@pytest.fixture(scope="module")
def defined() -> dict[str, Definition]:
    """All definitions, by name."""
    return {metric.name: describe(metric) for metric in make_metrics()}


def test_scales_are_told_in_words(defined: dict[str, Definition]) -> None:
    assert in_words(defined["coverage"]) == "per cent, 0 to 100; nearer to human conversations is better"
    assert in_words(defined["contradictions"]) == "per 100 utterances, 0 to 100; lower is better"
    assert in_words(defined["vendi"]) == "count, 1 to 1,000; higher is better"
    assert in_words(defined["perplexity_self_change"]).startswith("ratio, from -1; ")
    assert bounds(defined["coverage"].model_copy(update={"range": (None, None)})) == "no bounds"
    assert bounds(defined["coverage"].model_copy(update={"range": (None, 0.5)})) == "up to 50"


def test_units_stand_behind_titles_that_do_not_name_them(defined: dict[str, Definition]) -> None:
    assert titled(defined["swaps"]) == "persona swaps (per 100 utterances)"
    assert titled(defined["vendi"].model_copy(update={"size": 200})) == "Vendi score, of 200 utterances"
    assert titled(defined["coverage"]) == "attributes that come through"
    assert titled(defined["perplexity_self_own"]) == "perplexity on itself, own profile"


def test_every_form_of_the_report_tells_them(
    clean_rows: Callable[..., list[Any]], write_rows: Write, scripted_options: Callable[..., Options], tmp_path: Path
) -> None:
    report = evaluate(write_rows(tmp_path / "x.jsonl", clean_rows(12)), options=scripted_options(groups=("likeness",)))
    scaled = "In words, from 0; nearer to human conversations is better."
    assert scaled in page(report)
    tables = markdown(report)
    assert "## Units and ranges" in tables
    assert "| words | from 0 | nearer to human conversations is better |" in tables
    console = Console(width=200, record=True, file=io.StringIO())
    print_report(console, report)
    shown = console.export_text()
    assert "Shares are in per cent, from 0 to 100" in shown


def test_data_sets_beyond_six_are_told_apart() -> None:
    places = range(4 * len(COLOURS))
    assert len({(_colour(place), _marker(place)) for place in places}) == len(places)
    assert len({(_colour(place), _hatch(place)) for place in places}) == len(places)
    assert [_marker(place) for place in range(6)] == list("osD^vP")
    assert not any(_hatch(place) for place in range(6))
