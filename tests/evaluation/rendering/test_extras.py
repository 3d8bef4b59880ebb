"""Tests of the parts of the report that are no metrics."""

from __future__ import annotations

import io

from rich.console import Console

from duologue.evaluation.records import DataSetReport, JudgeFailure, JudgeReport, PairwiseReport, Report
from duologue.evaluation.rendering.extras import FAILURES, parts
from duologue.evaluation.rendering.html import page
from duologue.evaluation.rendering.markdown import markdown
from duologue.evaluation.rendering.terminal import print_report

EVIL = "<script>x</script>\x1b[2J|"


def made(judges: JudgeReport) -> Report:
    """A report of one empty data set with these judges."""
    data = DataSetReport(
        name="x",
        source="x.jsonl",
        format="jsonl",
        conversations=3,
        unreadable=0,
        problems=(),
        samples={"text": 3, "model": 3},
        figures={},
    )
    return Report(
        duologue="0",
        seed=0,
        replicates=1000,
        confidence=0.95,
        models={},
        metrics={},
        data_sets=(data,),
        differences=(),
        judges=judges,
    )


JUDGES = JudgeReport(
    model=EVIL,
    kinds=("geval", "pairwise"),
    sample=50,
    calls=4,
    prompt_tokens=1000,
    completion_tokens=8,
    cost=0.25,
    stopped="the token budget is spent",
    unavailable={"formal": "m gives no token probabilities of given text"},
    failures=tuple(JudgeFailure(data_set="x", row=n, judge="geval", part="depth", cause=EVIL) for n in range(30)),
    pairwise=(
        PairwiseReport(
            first="x",
            second="y",
            question="better",
            asked="Which?",
            n=4,
            same_users=3,
            failed=1,
            wins=2,
            ties=1,
            losses=1,
            lead=0.25,
            low=-0.5,
            high=0.75,
            first_shown=0.625,
            first_shown_low=0.5,
            first_shown_high=0.75,
            flipped=0.25,
        ),
    ),
)


def test_judges_are_shown_with_all_that_limits_them() -> None:
    compared, failed = parts(made(JUDGES))
    assert compared.rows == (
        ("x beside y", "better", "4", "3", "2", "1", "1", "25.0% [-50.0%, 75.0%]", "62.5% [50.0%, 75.0%]", "25.0%"),
    )
    notes = " ".join(compared.notes)
    for said in ("Which?", "4 calls", "0.25", "Not available, formal", "the token budget is spent"):
        assert said in notes
    assert failed.title == "Asked in vain: 30"
    assert len(failed.rows) == FAILURES
    assert failed.notes == ("and 10 more in report.json",)
    (alone,) = parts(made(JUDGES.model_copy(update={"pairwise": (), "failures": ()})))
    assert not alone.rows
    assert alone.notes


def test_text_from_outside_stays_text() -> None:
    report = made(JUDGES)
    html, tables = page(report), markdown(report)
    console = Console(width=200, record=True, file=io.StringIO())
    print_report(console, report)
    for text in (html, tables, console.export_text()):
        assert "\x1b" not in text
        assert "Asked in vain" in text
    assert "<script" not in html
    assert "\\<script" in tables
