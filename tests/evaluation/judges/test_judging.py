"""Tests of judges in a whole evaluation: cost first, a log that spares repeats, failures as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from duologue.backends.protocol import Features
from duologue.backends.scripted import ScriptedBackend
from duologue.cli.app import app
from duologue.config.load import load_config
from duologue.config.sections import Config
from duologue.errors import UsageError
from duologue.evaluation import JudgeOptions, Options, evaluate, plan_judges
from duologue.evaluation.judges.options import KINDS, check_kinds
from duologue.evaluation.rendering.files import as_json
from duologue.store.reading import RunReader

Write = Callable[[Path, Sequence[Any]], Path]
SCRIPTED: dict[str, Any] = {"model.backend": "scripted", "model.name": "scripted"}


def judge_config(**changes: Any) -> Config:
    return load_config(overrides={**SCRIPTED, **{key.replace("__", "."): value for key, value in changes.items()}})


@pytest.fixture
def two(clean_rows: Callable[..., list[Any]], write_rows: Write, tmp_path: Path) -> tuple[Path, Path]:
    rows = clean_rows(24)
    one, other = write_rows(tmp_path / "one.jsonl", rows[:16]), write_rows(tmp_path / "other.jsonl", rows[8:])
    return one, other


@pytest.fixture
def options(scripted_options: Callable[..., Options], tmp_path: Path) -> Callable[..., Options]:
    def make(**changes: Any) -> Options:
        judge = replace(JudgeOptions(tmp_path / "log", judge_config(), sample=6), **changes)
        return scripted_options(groups=("cleanliness", "quality", "faithfulness"), judge=judge)

    return make


def test_what_was_asked_is_planned_exactly_and_not_asked_again(
    two: tuple[Path, Path], options: Callable[..., Options], tmp_path: Path
) -> None:
    one, other = two
    chosen = options()
    plan = plan_judges(one, [other], chosen)
    assert not (tmp_path / "log").exists()
    assert {line.purpose for line in plan.estimate.lines} == {
        "judge.geval",
        "judge.gpt_score",
        "judge.llm_eval",
        "judge.formal",
        "judge.pairwise",
    }
    backend = ScriptedBackend()
    first = evaluate(one, [other], chosen, backend=backend)
    assert backend.calls == plan.calls > 0
    again = ScriptedBackend()
    assert as_json(evaluate(one, [other], chosen, backend=again)) == as_json(first)
    assert again.calls == 0
    later = plan_judges(one, [other], chosen)
    assert (later.calls, later.logged) == (0, plan.calls)
    judges = first.judges
    assert judges is not None
    assert (judges.calls, judges.failures, judges.unavailable) == (plan.calls, (), {})
    figures = first.data_sets[0].figures
    for name in ("geval_depth", "gpt_score_likable", "llm_eval_grammar", "formal_faithful", "formal_gain"):
        assert (figures[name].n, figures[name].sample) == (6, "judge"), name
    assert 1.0 <= figures["geval_depth"].low <= figures["geval_depth"].high <= 5.0
    assert figures["gpt_score_depth"].value < 0.0
    assert first.data_sets[0].samples["judge"] == 6
    assert {(p.question, p.n, p.same_users) for p in judges.pairwise} == {("better", 6, 6), ("human", 6, 6)}
    with RunReader(tmp_path / "log") as reader:
        assert sum(t.calls for t in reader.call_totals()) == plan.calls


def test_failures_are_rows_with_their_cause(two: tuple[Path, Path], options: Callable[..., Options]) -> None:
    backend = ScriptedBackend(poison=lambda r: r.purpose == "judge.geval" and "aspect" not in r.messages[0].content)
    report = evaluate(two[0], options=options(kinds=("geval", "llm-eval")), backend=backend)
    judges = report.judges
    assert judges is not None
    assert len(judges.failures) == 6 * 5
    assert {f.judge for f in judges.failures} == {"geval"}
    assert {f.part for f in judges.failures} == {"depth", "coherency", "consistency", "diversity", "likable"}
    assert all("scripted refusal" in f.cause and f.row > 0 for f in judges.failures)
    data = report.data_sets[0]
    assert "geval_depth" not in data.figures
    assert "failures" in data.absent["geval_depth"]
    assert data.figures["llm_eval_content"].n == 6


def test_what_the_model_cannot_is_said_and_the_rest_goes_on(
    two: tuple[Path, Path], options: Callable[..., Options]
) -> None:
    backend = ScriptedBackend(features=Features(json_schema=True))
    report = evaluate(two[0], options=options(), backend=backend)
    assert report.judges is not None
    assert set(report.judges.unavailable) == {"gpt-score", "formal"}
    data = report.data_sets[0]
    assert "no token probabilities" in data.absent["gpt_score_depth"]
    assert "no token probabilities" in data.absent["formal_faithful"]
    assert data.figures["geval_depth"].n == 6
    assert data.figures["llm_eval_content"].n == 6


def test_a_spent_budget_ends_the_asking_in_order(two: tuple[Path, Path], options: Callable[..., Options]) -> None:
    config = judge_config(budget__max_tokens=4000, engine__concurrency=1, budget__prompt_price=2.0)
    report = evaluate(two[0], options=options(config=config, kinds=("llm-eval", "geval")), backend=ScriptedBackend())
    judges = report.judges
    assert judges is not None
    assert "token budget is spent" in judges.stopped
    assert judges.failures
    assert judges.calls > 0
    assert judges.cost > 0
    last = report.data_sets[0].figures.get("geval_likable")
    assert last is None or last.n < 6


def test_a_judge_that_cannot_start_leaves_the_rest_of_the_report(
    two: tuple[Path, Path], options: Callable[..., Options]
) -> None:
    backend = ScriptedBackend(fail_every=1, fail_kind="stop")
    report = evaluate(two[0], options=options(kinds=("geval",)), backend=backend)
    assert report.judges is not None
    assert report.judges.stopped
    assert "clean_format" in report.data_sets[0].figures
    assert report.data_sets[0].absent["geval_depth"] == report.judges.stopped


def test_the_command_shows_the_cost_first(two: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    call = ["evaluate", str(two[0]), "--against", str(two[1]), "--groups", "cleanliness", "--small-models", "scripted"]
    judge = [*call, "--judge", "scripted", "--judge-sample", "4", "--out", str(out)]
    dry = CliRunner().invoke(app, [*judge, "--dry-run"])
    assert dry.exit_code == 0, dry.output
    assert "judge.geval" in dry.output
    assert not out.exists()
    refused = CliRunner().invoke(app, judge).exception
    assert isinstance(refused, UsageError)
    assert "--yes" in str(refused)
    done = CliRunner().invoke(app, [*judge, "--yes"])
    assert done.exit_code == 0, done.output
    assert "Compared by the judge" in done.output
    data = orjson.loads((out / "report.json").read_bytes())
    assert data["judges"]["model"] == "scripted"
    assert "Compared by the judge" in (out / "report.html").read_text()
    # Nothing is left to ask, so nobody has to agree.
    again = CliRunner().invoke(app, [*judge, "--replace"])
    assert again.exit_code == 0, again.output
    assert orjson.loads((out / "report.json").read_bytes()) == data
    for wrong, word in (
        ([*call, "--dry-run"], "--judge"),
        ([*call, "--judge", "scripted"], "--judge-log"),
        ([*judge, "--replace", "--judge-kinds", "beauty"], "judges:"),
        ([*call, "--judge", "scripted", "--judge-log", str(tmp_path)], "other files"),
    ):
        assert word in str(CliRunner().invoke(app, wrong).exception), wrong


def test_judges_are_chosen_by_name() -> None:
    assert check_kinds([]) == KINDS
    assert check_kinds(["pairwise", "geval"]) == ("geval", "pairwise")
    with pytest.raises(UsageError, match="geval"):
        check_kinds(["g-eval"])
    with pytest.raises(UsageError, match="no judge"):
        plan_judges("x")
