"""Tests of what is drawn of a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from duologue.datasets import open_dataset
from duologue.evaluation import Options, Sizes, evaluate
from duologue.evaluation.measure import read, read_sample
from duologue.evaluation.rendering.markdown import markdown
from duologue.evaluation.view import Roles


def test_copies_of_one_conversation_are_drawn_in_proportion(
    clean_rows: Callable[..., list[Any]], write_rows: Callable[[Path, Sequence[Any]], Path], tmp_path: Path
) -> None:
    rows = clean_rows(500)
    data = open_dataset(write_rows(tmp_path / "x.jsonl", [*rows[:350], *[rows[0]] * 150]))
    sizes = Sizes(text=100, model=10)
    for seed in range(5):
        drawn = read_sample(data, Roles(), seed=seed, sizes=sizes)
        assert len(drawn) == 100
        # Thirty are expected, with a standard deviation of four.
        assert 16 <= sum(view.dialogue.id == "r0" for view in drawn) <= 44
        measured = read(data, (), Roles(), seed=seed, sizes=sizes)
        assert [v.dialogue.id for v in measured.views] == [v.dialogue.id for v in drawn]


def test_capped_measures_say_how_many_conversations_they_read(
    clean_rows: Callable[..., list[Any]],
    write_rows: Callable[[Path, Sequence[Any]], Path],
    scripted_options: Callable[..., Options],
    tmp_path: Path,
) -> None:
    path = write_rows(tmp_path / "x.jsonl", clean_rows(300))
    report = evaluate(path, options=scripted_options(groups=("diversity",)))
    figures = report.data_sets[0].figures
    assert (figures["vendi"].n, figures["self_bleu"].n) == (100, 100)
    assert figures["distinct_utterances"].n == 300
    assert figures["vendi"].clusters == 100
    assert len(report.topics) == 20
    assert sum(topic.shares["x"] for topic in report.topics) == pytest.approx(1.0)
    assert "## Topics\n" in markdown(report)


def test_a_text_sample_smaller_than_the_other_is_obeyed(
    tmp_path: Path,
    clean_rows: Callable[..., list[Any]],
    write_rows: Callable[..., Path],
    scripted_options: Callable[..., Options],
) -> None:
    data = write_rows(tmp_path / "data.jsonl", clean_rows(40))
    report = evaluate(data, options=replace(scripted_options(groups=("diversity", "toxicity")), sizes=Sizes(20, 30, 4)))
    figures = report.data_sets[0].figures
    assert (figures["distinct_openings"].n, figures["vendi"].n) == (20, 30)
    assert report.data_sets[0].samples["text"] == 20
