"""Tests of what a run's ledger adds to the report."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from duologue.datasets import open_dataset
from duologue.evaluation import Options, evaluate
from duologue.evaluation.rendering.extras import parts
from duologue.evaluation.run_account import iterations, stages

Write = Callable[[Path, Sequence[Any]], Path]


def test_a_run_brings_its_account(
    tmp_path: Path, make_run: Callable[..., Path], scripted_options: Callable[..., Options]
) -> None:
    run = make_run(tmp_path / "run", 6)
    report = evaluate(run, options=scripted_options(groups=("expansion", "quality"), by_iteration=True))
    data, first_round = report.data_sets
    by_stage = {(s.stage, s.iteration): s for s in data.stages}
    candidates = by_stage["candidate", 1]
    assert (candidates.total, candidates.accepted, candidates.rejected, candidates.failed) == (24, 6, 12, 6)
    assert candidates.rejected_by == {"tournament": 6, "faithfulness": 6}
    (one,) = data.iterations
    # Of each pair's four candidates two passed the Critic, and one of them won.
    assert (one.iteration, one.candidates, one.survived, one.acceptance, one.winners) == (1, 24, 12, 0.5, 6)
    assert one.distinct_utterances == pytest.approx((1 + 1 + 6) / 18)
    assert one.distinct_openings == pytest.approx(1 / 6)
    assert one.coverage == pytest.approx(1 / 4)
    for column in (data, first_round):
        figure = column.figures["candidate_acceptance"]
        assert (figure.value, figure.count, figure.of, figure.n) == (0.5, 12, 24, 24)
        assert figure.low < 0.5 < figure.high
    assert "attribute_acceptance" not in data.figures
    assert not first_round.stages
    assert not first_round.iterations
    titles = [part.title for part in parts(report)]
    assert titles == ["run: every item, stage by stage", "run: round by round"]


def test_other_data_sets_have_none(
    tmp_path: Path, clean_rows: Callable[..., list[Any]], write_rows: Write, scripted_options: Callable[..., Options]
) -> None:
    path = write_rows(tmp_path / "x.jsonl", clean_rows(10))
    assert not stages(open_dataset(path))
    assert not iterations(open_dataset(path))
    report = evaluate(path, options=scripted_options(groups=("quality",)))
    assert "candidate_acceptance" not in report.data_sets[0].figures
    assert not parts(report)


def test_a_moved_run_gives_the_same_figures(
    tmp_path: Path, make_run: Callable[..., Path], scripted_options: Callable[..., Options]
) -> None:
    run = make_run(tmp_path / "run", 6)
    moved = shutil.copytree(run, tmp_path / "elsewhere" / "other")
    options = scripted_options(groups=("expansion", "quality"))
    first, second = (evaluate(path, options=options).data_sets[0].figures for path in (run, moved))
    assert first == second
    assert "candidate_acceptance" in first


def test_a_run_chosen_by_the_models_that_measure_it_is_noted(
    tmp_path: Path, make_run: Callable[..., Path], scripted_options: Callable[..., Options]
) -> None:
    scripted = {f"small_models.{role}": "scripted" for role in ("embedder", "nli", "toxicity")}
    same, other = make_run(tmp_path / "same", 6, config=scripted), make_run(tmp_path / "other", 6)

    def noted(groups: tuple[str, ...]) -> list[str]:
        report = evaluate(same, [other], scripted_options(groups=groups))
        return [note for note in report.notes if "the same small models" in note]

    (note,) = noted(("faithfulness",))
    assert note.startswith("same: its Critic")
    assert len(noted(("quality",))) == 1
    assert not noted(("cleanliness",))
