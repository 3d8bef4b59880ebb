"""Tests of measures that depend on how much is read: data sets are compared at one size."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from duologue.evaluation import Options, evaluate
from duologue.evaluation.metrics.diversity import Distinct2, DistinctOpenings, DistinctUtterances
from duologue.evaluation.metrics.expansion import Clusters
from duologue.evaluation.metrics.spread import TopicSpread
from duologue.evaluation.rendering.html import page
from duologue.evaluation.rendering.markdown import markdown
from duologue.evaluation.sized import Sized, common_sizes
from duologue.evaluation.topics import shared_topics
from duologue.evaluation.view import View

Write = Callable[[Path, Sequence[Any]], Path]
SIZED = (
    "distinct_utterances",
    "distinct_openings",
    "distinct_closings",
    "opening_entropy",
    "closing_entropy",
    "repeats_across",
    "distinct_1",
    "distinct_2",
    "distinct_3",
    "compression_ratio",
    "topic_spread",
)


@pytest.fixture(scope="module")
def talks() -> Callable[[int, int], list[dict[str, Any]]]:
    """Makes conversations of one source, which says again and again the same kind of thing."""

    def make(n: int, seed: int) -> list[dict[str, Any]]:
        stream = random.Random(seed)
        words = [f"{a}{b}{c}" for a in "bdfgk" for b in "aeiou" for c in "lmnrst"]

        def said() -> str:
            return (
                " ".join(["so", *stream.choices(words[:40], k=5)])
                if stream.random() < 0.6
                else "I see what you mean now."
            )

        return [
            {
                "user_1": [f"I like {stream.choice(words)} {seed} {i}."],
                "user_2": [f"I own {stream.choice(words)} {seed} {i}."],
                "utterances": [f"Hello {stream.choice(words[:30])}!", *(said() for _ in range(13))],
            }
            for i in range(n)
        ]

    return make


def test_a_smaller_set_of_the_same_source_does_not_look_more_diverse(
    talks: Callable[[int, int], list[Any]], write_rows: Write, scripted_options: Callable[..., Options], tmp_path: Path
) -> None:
    small, large = write_rows(tmp_path / "s.jsonl", talks(24, 1)), write_rows(tmp_path / "l.jsonl", talks(200, 2))
    options = scripted_options(groups=("diversity",))
    report = evaluate(large, [small], options)
    many, few = (data.figures for data in report.data_sets)
    for name in SIZED:
        size = report.metrics[name].size
        assert size is not None, name
        gap = abs(many[name].value - few[name].value)
        # What lies within chance for the small set, at four standard errors.
        assert gap <= few[name].high - few[name].low, name
        assert few[name].whole is None, name
        if name in ("distinct_openings", "distinct_utterances", "distinct_3"):
            # By size alone the small set would have looked far more diverse.
            whole = many[name].whole
            assert whole is not None
            assert few[name].value - whole > 2 * gap, name
    assert report.metrics["distinct_openings"].size == 24
    assert report.metrics["distinct_utterances"].size == 24 * 14
    assert many["distinct_openings"].n == 24 * (200 // 24)
    assert not any(gap.metric in SIZED and gap.p_holm < 0.05 for gap in report.differences)
    assert report.metrics["repeats_within"].size is None
    assert report.metrics["vendi"].counted == "utterances"
    assert any("compared at one size" in note for note in report.notes)
    shown = markdown(report)
    assert "distinct openings, of 24 conversations" in shown
    assert "(whole: " in shown
    assert "distinct openings, of 24 conversations" in page(report)
    assert "whole: " in page(report)


def test_the_whole_figure_is_that_of_the_data_set_by_itself(
    talks: Callable[[int, int], list[Any]], write_rows: Write, scripted_options: Callable[..., Options], tmp_path: Path
) -> None:
    small, large = write_rows(tmp_path / "s.jsonl", talks(24, 1)), write_rows(tmp_path / "l.jsonl", talks(120, 2))
    options = scripted_options(groups=("diversity",))
    alone = evaluate(large, options=options)
    beside = evaluate(large, [small], options).data_sets[0]
    assert all(figure.whole is None for figure in alone.data_sets[0].figures.values())
    assert all(metric.size is None for metric in alone.metrics.values())
    for name in set(SIZED) - {"topic_spread"}:
        assert beside.figures[name].whole == pytest.approx(alone.data_sets[0].figures[name].value), name


def test_a_set_too_small_gives_no_size_and_is_named(
    talks: Callable[[int, int], list[Any]], write_rows: Write, scripted_options: Callable[..., Options], tmp_path: Path
) -> None:
    paths = [write_rows(tmp_path / f"{n}.jsonl", talks(n, n)) for n in (60, 40, 3)]
    report = evaluate(paths[0], paths[1:], scripted_options(groups=("diversity",)))
    assert report.metrics["distinct_openings"].size == 40
    assert any(note.startswith("3 is too small to be compared in distinct utterances") for note in report.notes)


def test_topics_are_shared_so_that_a_narrow_set_shows(make_view: Callable[..., View]) -> None:
    stream = random.Random(3)
    themes = [[f"{a}{b}{c}" for c in ("lar", "mon", "ser", "tiv", "nop", "quil")] for a in "bdfgkmprtz" for b in "aei"]

    def views(held: Sequence[Sequence[str]], n: int) -> list[View]:
        said = ([" ".join(stream.choices(held[i % len(held)], k=5)) for _ in range(8)] for i in range(n))
        return [make_view(*texts, id_=str(i)) for i, texts in enumerate(said)]

    wide, narrow = views(themes, 150), views(themes[:2], 60)
    topics = shared_topics([wide, narrow])
    assert topics is not None
    assert len(topics.words) == 20
    spread = TopicSpread()
    assert spread.figure(wide) is None
    spread.topics = topics
    one, other = spread.figure(wide), spread.figure(narrow)
    assert one is not None
    assert other is not None
    assert one > 1.5 * other
    assert shared_topics([narrow]) is None


def test_parts_lie_apart_and_hold_the_size(make_view: Callable[..., View]) -> None:
    views = [make_view(*(f"word{i} number{j} here" for j in range(3)), id_=str(i)) for i in range(10)]
    openings, words, utterances = DistinctOpenings(), Distinct2(), DistinctUtterances()
    assert openings.parts(views) == [views]
    openings.limit, words.limit, utterances.limit = 4, 20, 7
    assert openings.parts(views) == [views[:4], views[4:8]]
    assert openings.used(views) == views[:8]
    # Nine words a conversation: three hold twenty.
    assert words.parts(views) == [views[:3], views[3:6], views[6:9]]
    assert utterances.figure([views[0]] * 6) == pytest.approx(3 / 7)
    assert openings.parts(views[:3]) == [views[:3]]
    words.limit = words.most
    assert words.parts(views) == [views]


def test_attributes_are_counted_once(make_view: Callable[..., View]) -> None:
    views = [make_view("Hi.", one=["I a.", "I b."], two=[f"I {i // 2}."]) for i in range(8)]
    clusters = Clusters()
    assert clusters.amount(views) == 6
    assert clusters.taken(views, 4) == views[:3]


def test_the_common_size_is_the_least_of_those_that_suffice(make_view: Callable[..., View]) -> None:
    metrics: list[dict[str, Sized]] = [{"x": DistinctOpenings()} for _ in range(3)]
    views = [make_view("Hi.", id_=str(i)) for i in range(30)]
    assert common_sizes(metrics, [{"x": views}, {"x": views[:12]}, {"x": views[:5]}]) == {"x": 12}
    assert common_sizes(metrics[:2], [{"x": views}, {"x": views[:5]}]) == {}


def test_different_sizes_are_not_tested_against_each_other(
    talks: Callable[[int, int], list[Any]], write_rows: Write, scripted_options: Callable[..., Options], tmp_path: Path
) -> None:
    # Three conversations of 14 utterances are below what any size is made of; so there is no common one.
    paths = [write_rows(tmp_path / f"{n}.jsonl", talks(n, n)) for n in (60, 3)]
    report = evaluate(paths[0], paths[1:], scripted_options(groups=("diversity",)))
    assert report.metrics["distinct_utterances"].size is None
    assert "distinct_utterances" in report.data_sets[1].figures
    assert not {gap.metric for gap in report.differences} & set(SIZED)
    assert any("Not compared, since fewer than two" in note for note in report.notes)


def test_a_share_of_none_is_not_certain(
    talks: Callable[[int, int], list[Any]], write_rows: Write, scripted_options: Callable[..., Options], tmp_path: Path
) -> None:
    rows = [
        {**row, "utterances": [f"{said} {i} {n}" for n, said in enumerate(row["utterances"])]}
        for i, row in enumerate(talks(12, 1))
    ]
    report = evaluate(write_rows(tmp_path / "data.jsonl", rows), options=scripted_options(groups=("diversity",)))
    repeated = report.data_sets[0].figures["repeats_across"]
    assert (repeated.value, repeated.low) == (0.0, 0.0)
    assert 0.1 < repeated.high < 0.5
