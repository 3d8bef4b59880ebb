"""Tests of expansion beside the seeds: counts of whole data sets, figures of the seeds, the seeds that a run holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from duologue.api import run
from duologue.config.load import load_config
from duologue.config.sections import SmallModelsConfig
from duologue.evaluation import Options, Sizes, evaluate
from duologue.evaluation.metrics.attributes import AttributeLength, Categories, Met, NewAttributes
from duologue.evaluation.metrics.expansion import SEEDS
from duologue.evaluation.rendering.markdown import markdown
from duologue.evaluation.view import Roles, View
from duologue.store.reading import RunReader
from duologue.text import normalise

Write = Callable[[Path, Sequence[Any]], Path]
SCRIPTED = SmallModelsConfig.model_validate(dict.fromkeys(("embedder", "nli", "toxicity"), "scripted"))
FEW = Options(groups=("expansion",), sizes=Sizes(5, 5, 6), models=SCRIPTED)
"""Samples of five conversations."""


def test_attributes_are_those_of_the_whole_data_set_whatever_the_sample(
    clean_rows: Callable[..., list[Any]], write_rows: Write, tmp_path: Path
) -> None:
    rows = clean_rows(30)
    # The same attribute again, in other letters, is no other one.
    rows[1]["user_1"][0] = rows[0]["user_1"][0].upper()
    for number, row in enumerate(rows[:12]):
        row["user_2"][1] = f"My home was in town {number} for some years."
    path = write_rows(tmp_path / "x.jsonl", rows)
    flat = {text.lower() for row in rows for user in ("user_1", "user_2") for text in row[user]}
    report = evaluate(path, options=FEW)
    figures = report.data_sets[0].figures
    assert figures["attributes"].value == len(flat)
    assert figures["attributes"].sample == "all"
    assert not figures["attributes"].interval
    length = figures["attribute_length"]
    assert length.of == len(flat)
    assert length.value == pytest.approx(sum(len(text.split()) for text in flat) / len(flat))
    assert length.interval
    assert length.low < length.value < length.high
    assert figures["categories"].of == len(flat)
    assert 1 <= figures["categories"].value <= len(flat)
    assert report.metrics["categories"].paper["SPC"] == 553
    assert not report.seeds


def test_what_is_new_beside_the_seeds_has_intervals_and_the_seeds_have_figures(
    clean_rows: Callable[..., list[Any]], write_rows: Write, tmp_path: Path
) -> None:
    rows = clean_rows(40)
    path = write_rows(tmp_path / "x.jsonl", rows)
    seeds = list(dict.fromkeys(row["user_1"][0] for row in rows)) + [f"I own {n} very old boats." for n in range(60)]
    (tmp_path / "seeds.txt").write_text("\n".join(seeds))
    options = Options(groups=("expansion",), sizes=Sizes(40, 40, 6), models=SCRIPTED, seeds=tmp_path / "seeds.txt")
    report = evaluate(path, options=options)
    flat = {text for row in rows for user in ("user_1", "user_2") for text in row[user]}
    new = report.data_sets[0].figures["new_attributes"]
    assert (new.count, new.of) == (len(flat - set(seeds)), len(flat))
    assert all(report.data_sets[0].figures[name].interval for name in ("new_attributes", "new_attribute_length"))
    (held,) = report.seeds
    assert held.data_sets == ("x",)
    assert held.figures["attributes"].value == len(seeds)
    assert held.figures["attribute_length"].value == pytest.approx(sum(len(s.split()) for s in seeds) / len(seeds))
    assert {"categories", "clusters", "inter_cluster_distance"} <= set(held.figures)
    assert "| seeds |" in markdown(report)


def test_a_runs_own_seeds_are_taken_where_none_are_named(
    tmp_path: Path, clean_rows: Callable[..., list[Any]], write_rows: Write
) -> None:
    small = {"pairing.pairs": 3, "generator.candidates": 1, "loop.iterations": 1, "expansion.target": 4}
    models = dict.fromkeys(("small_models.embedder", "small_models.nli", "small_models.toxicity"), "scripted")
    config = load_config(overrides={"model.backend": "scripted", "model.name": "scripted", **models, **small})
    run(config, tmp_path / "run")
    with RunReader(tmp_path / "run") as reader:
        held = {normalise(item.value()["text"]) for item in reader.items("seed", status="accepted")}
    assert held
    other = write_rows(tmp_path / "x.jsonl", clean_rows(10))
    report = evaluate(tmp_path / "run", [other], FEW)
    (seeds,) = report.seeds
    assert seeds.data_sets == ("run",)
    assert seeds.figures["attributes"].value == len(held)
    assert "new_attributes" in report.data_sets[0].figures
    assert "new_attributes" not in report.data_sets[1].figures


def test_more_attributes_than_are_clustered_are_drawn_whatever_the_order(make_view: Callable[..., View]) -> None:
    texts = [f"I have {n} dogs." for n in range(SEEDS + 10)]
    found = []
    for order in (texts, texts[::-1]):
        met = Met()
        for text in order:
            met.fresh(make_view("Hi.", one=[text]))
        found.append(set(met.drawn.items()))
    assert found[0] == found[1]
    assert len(found[0]) == SEEDS


def test_metrics_that_share_what_was_met_count_each_attribute_once(make_view: Callable[..., View]) -> None:
    met = Met()
    length, new, categories = AttributeLength(met), NewAttributes(met), Categories(met)
    first, again = make_view("Hi.", one=["I sail."], two=["I am tall."]), make_view("Ho.", one=["i sail"])
    for view, ratio in ((first, (5.0, 2.0)), (again, (0.0, 0.0))):
        categories.add(view)
        assert length.measure(view) == ratio
        assert new.measure(view) is None
    assert length.measure(make_view("Hi.")) is None
    seeded = View(make_view("Hi.", one=["I run.", "I knit."]).dialogue, Roles(seeds=("I knit!",)))
    assert new.measure(seeded) == (1.0, 2.0)
