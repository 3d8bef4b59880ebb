"""Tests of ablations on the scripted model."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from duologue.ablation import ablate, variants
from duologue.ablation.variants import FULL, chosen, left_out
from duologue.cli.ablate import HEADLINE, worth_table
from duologue.cli.app import app
from duologue.config.load import load_config
from duologue.config.sections import Config
from duologue.errors import BudgetSpent, ModelError, UsageError
from duologue.evaluation import Options, Report, Sizes
from duologue.evaluation.records import DataSetReport, Figure, Gap
from duologue.evaluation.registry import make_metrics
from duologue.evaluation.rendering import html
from duologue.evaluation.reporting import describe
from duologue.store.database import FILE_NAME

variants_module = import_module("duologue.ablation.variants")
"""The package gives its name to the function."""
SCRIPTED = {
    "model.backend": "scripted",
    "model.name": "scripted",
    "small_models.embedder": "scripted",
    "small_models.nli": "scripted",
    "small_models.toxicity": "scripted",
}


def scripted(**changes: Any) -> Config:
    small = {"pairing.pairs": 6, "generator.candidates": 2, "loop.iterations": 2, "expansion.target": 4}
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return load_config(
        overrides={**SCRIPTED, **small, "expansion.max_queries": 4, "expansion.bootstrap_queries": 2, **dotted}
    )


def test_every_variant_differs_in_its_part_alone() -> None:
    config = scripted()
    found = variants(config)
    assert found[0].name == FULL
    assert found[0].config == config
    assert len({v.name for v in found}) == len(found)
    for variant in found[1:]:
        changed = [name for name in Config.model_fields if getattr(variant.config, name) != getattr(config, name)]
        assert len(changed) == 1, variant.name
    names = [v.name for v in found]
    for name in (
        "without-expansion",
        "without-queries",
        "without-new-queries",
        "random-pairing",
        "without-faithfulness",
        "without-depth",
        "without-guards",
        "iterations-1",
    ):
        assert name in names
    assert "whole-generator" in names
    assert "without-expansion" not in [v.name for v in variants(scripted(profiles__source="given"))]


def test_what_cannot_be_run_is_left_out_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "model.backend is scripted" in left_out(scripted())["finetuned"]
    assert "profiles.source" in left_out(scripted(profiles__source="given"))["without-queries"]
    embedded = load_config(overrides={"pairing.pairs": 100, "loop.iterations": 2})
    monkeypatch.setattr(variants_module, "check_extra", lambda: None)
    assert not left_out(embedded)
    tuned = next(v for v in variants(embedded) if v.name == "finetuned")
    assert tuned.config.loop.method == "finetune"
    back = next(v for v in variants(tuned.config) if v.name == "few-shot")
    assert back.config == embedded
    few = load_config(overrides={"pairing.pairs": 10, "loop.iterations": 2})
    assert "hold out 1" in left_out(few)["finetuned"]
    one = load_config(overrides={"pairing.pairs": 100, "loop.iterations": 1})
    assert "2 iterations" in left_out(one)["finetuned"]
    critic = embedded.critic.model_copy(update={"filters": ("faithfulness-formal",)})
    judged = embedded.model_copy(update={"critic": critic})
    assert "judge itself" in left_out(judged)["finetuned"]

    def missing() -> None:
        raise ModelError("training needs torch")

    monkeypatch.setattr(variants_module, "check_extra", missing)
    assert left_out(embedded) == {"finetuned": "training needs torch"}
    with pytest.raises(UsageError, match="training needs torch"):
        chosen(embedded, ["finetuned"])


def test_without_queries_no_query_is_asked_for(tmp_path: Path) -> None:
    config = scripted()
    wanted = chosen(config, ["without-queries"])
    options = Options(groups=("cleanliness", "expansion"), sizes=Sizes(50, 50, 6), models=config.small_models)
    full, without = ablate(wanted, tmp_path, options).report.data_sets
    assert "query_acceptance" in full.figures
    assert "query_acceptance" not in without.figures
    assert "attribute_acceptance" in without.figures
    assert "query" not in {s.stage for s in without.stages if s.total}


def test_variants_are_chosen_by_name() -> None:
    assert [v.name for v in chosen(scripted(), ["without-guards"])] == [FULL, "without-guards"]
    with pytest.raises(UsageError, match="without-guards"):
        chosen(scripted(), ["without-sense"])


def test_calls_are_shared_and_variants_compared_pair_by_pair(tmp_path: Path) -> None:
    config = scripted()
    wanted = chosen(config, ["without-depth", "iterations-1", "without-guards"])
    options = Options(groups=("cleanliness", "diversity"), sizes=Sizes(50, 50, 6), models=config.small_models)
    said: list[str] = []
    done = ablate(wanted, tmp_path, options, said=said.append)
    calls = {one.variant.name: one.calls for one in done.made}
    assert calls[FULL] > 0
    # One iteration is the beginning of two.
    assert calls["iterations-1"] == 0
    assert done.made[0].conversations > 0
    assert done.report.data_sets[0].name == FULL
    assert {gap.second for gap in done.report.differences} <= {v.name for v in wanted}
    assert all(gap.paired for gap in done.report.differences)
    again = ablate(wanted, tmp_path, options)
    assert [one.calls for one in again.made] == [0] * len(again.made)
    assert again.report == done.report
    assert said[0].startswith("full")


def test_a_budget_is_for_all_variants_and_what_it_stops_is_named(tmp_path: Path) -> None:
    config = scripted()
    options = Options(groups=("cleanliness",), sizes=Sizes(50, 50, 6), models=config.small_models)
    first = ablate(chosen(config, ["iterations-1"])[:1], tmp_path, options)
    with closing(sqlite3.connect(tmp_path / "run" / FILE_NAME)) as database:
        ((spent,),) = database.execute("SELECT sum(prompt_tokens + completion_tokens) FROM call_totals")
    # Enough for the full configuration, which is in the log, and for no call more.
    limited = scripted(budget__max_tokens=spent)
    done = ablate(chosen(limited, ["random-pairing", "iterations-1"]), tmp_path, options)
    assert [one.variant.name for one in done.made] == [FULL, "iterations-1"]
    assert first.made[0].conversations == done.made[0].conversations
    (line,) = done.empty
    assert line.startswith("random-pairing: the token budget is spent")
    with pytest.raises(BudgetSpent):
        ablate(chosen(scripted(budget__max_tokens=1), ["iterations-1"]), tmp_path / "new", options)


def test_a_full_configuration_that_makes_nothing_is_said_before_the_others_run(tmp_path: Path) -> None:
    # No scripted utterance is that short.
    config = scripted(generator__max_utterance_words=1)
    options = Options(groups=("cleanliness",), sizes=Sizes(50, 50, 6), models=config.small_models)
    said: list[str] = []
    with pytest.raises(UsageError, match="full configuration made no conversation"):
        ablate(chosen(config, ["iterations-1"]), tmp_path, options, said=said.append)
    assert [line.partition(":")[0] for line in said] == [FULL, FULL]


def test_the_command_says_what_each_is_worth_and_measures_what_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Charts take longer than all the rest.
    monkeypatch.setattr(html, "page", lambda report: "")
    seeds = tmp_path / "seeds.txt"
    seeds.write_text("\n".join(f"I have {n} {thing}." for n in range(2, 12) for thing in ("dogs", "boats", "aunts")))
    file = tmp_path / "run.yaml"
    file.write_text("generator: {candidates: 2}\nloop: {iterations: 2}\nexpansion: {target: 4, max_queries: 4}\n")
    out = tmp_path / "out"
    call = ["ablate", str(file), "--seeds", str(seeds), "--model", "scripted", "--pairs", "6", "--out", str(out)]
    done = CliRunner().invoke(app, [*call, "--only", "iterations-1,without-guards", "--sample", "10"])
    assert done.exit_code == 0, done.output
    assert "What each is worth (full less variant)" in done.output
    assert "without-guards" in done.output
    report = Report.model_validate_json((out / "report.json").read_bytes())
    assert [data.name for data in report.data_sets] == [FULL, "iterations-1", "without-guards"]
    # The seeds are known, so what is new beside them is measured.
    assert all("new_attributes" in data.figures for data in report.data_sets)
    assert all("seeds_said" in data.figures for data in report.data_sets)


def test_headline_measures_are_measures() -> None:
    assert set(HEADLINE) <= {m.name for m in make_metrics()}


def test_every_variant_stands_in_the_table_of_worth() -> None:
    def data(name: str, value: float) -> DataSetReport:
        figure = Figure(value=value, low=value, high=value, n=9)
        figures = {"coverage": figure, "distinct_2": figure}
        return DataSetReport(
            name=name, source="x", format="run", conversations=9, unreadable=0, problems=(), samples={}, figures=figures
        )

    metrics = {m.name: describe(m) for m in make_metrics() if m.name in ("coverage", "distinct_2")}
    gap = Gap(
        metric="coverage", first=FULL, second="b", difference=0.25, low=0.1, high=0.4, p=0.01, p_holm=0.02, paired=True
    )
    report = Report(
        duologue="x",
        seed=0,
        replicates=10,
        confidence=0.95,
        models={},
        metrics=metrics,
        data_sets=(data(FULL, 0.75), data("a", 0.75), data("b", 0.5)),
        differences=(gap,),
    )
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(worth_table(report))
    text = console.export_text()
    assert "25.0%*" in text
    assert "[10.0%, 40.0%]" in text
    assert "0.0%" in text
    assert {"a", "b"} <= set(text.split())
