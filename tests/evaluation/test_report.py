"""Tests of the whole command: the same seed, the schema, broken input, hostile text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from duologue.cli.app import app
from duologue.datasets.readers.run import dialogue
from duologue.datasets.records import Provenance
from duologue.errors import UsageError
from duologue.evaluation import GeneratorOptions, Options, Report, evaluate, records, registry
from duologue.evaluation.evaluate import check_groups
from duologue.evaluation.metrics.cleanliness import InsideLength
from duologue.evaluation.protocol import GROUPS, Described, definition
from duologue.evaluation.records import (
    DataSetReport,
    Definition,
    Figure,
    Gap,
    IterationReport,
    JudgeFailure,
    JudgeReport,
    PairwiseReport,
    ProblemCount,
    Record,
    ReviewReport,
    SeedsReport,
    StageReport,
    TopicReport,
    ToReference,
)
from duologue.evaluation.registry import make_metrics
from duologue.evaluation.rendering import files, html
from duologue.evaluation.rendering.files import as_json
from duologue.evaluation.rendering.html import page
from duologue.evaluation.rendering.markdown import markdown
from duologue.evaluation.view import Roles, View
from duologue.store.reading import RunReader

Write = Callable[[Path, Sequence[Any]], Path]
QUICK = ("cleanliness", "likeness")
EVIL = '<script>alert("$x$")</script>\x1b[2J'
PARTS: tuple[type[Record], ...] = (
    Report,
    DataSetReport,
    Figure,
    Gap,
    Definition,
    ProblemCount,
    StageReport,
    IterationReport,
    ReviewReport,
    JudgeReport,
    JudgeFailure,
    PairwiseReport,
    TopicReport,
    ToReference,
    SeedsReport,
)
DOC = Path(__file__).parents[2] / "docs" / "report-schema.md"


def test_every_metric_is_described() -> None:
    metrics = make_metrics()
    assert len({m.name for m in metrics}) == len(metrics)
    assert [GROUPS.index(m.group) for m in metrics] == sorted(GROUPS.index(m.group) for m in metrics)
    for metric in metrics:
        assert len(definition(metric)) > 30, metric.name
        assert metric.range[0] < metric.range[1]
        assert metric.direction in ("higher", "lower", "human", "none")
        assert metric.title
        assert metric.source
        if metric.unit == "share":
            assert metric.range == (0.0, 1.0), metric.name


def test_the_same_seed_gives_the_same_report_whatever_the_order(
    clean_rows: Callable[..., list[Any]], write_rows: Write, scripted_options: Callable[..., Options], tmp_path: Path
) -> None:
    rows = clean_rows(60)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = write_rows(tmp_path / "a" / "x.jsonl", rows)
    other = write_rows(tmp_path / "b" / "x.jsonl", rows[::-1])
    options = scripted_options(groups=QUICK, reference=one)
    first, again = evaluate(one, [other], options), evaluate(one, [other], options)
    assert as_json(first) == as_json(again)
    for name, figure in first.data_sets[0].figures.items():
        turned = first.data_sets[1].figures[name]
        assert turned.value == pytest.approx(figure.value), name
        assert turned.n == figure.n
    assert all(gap.p_holm > 0.5 for gap in first.differences)
    assert all(gap.paired for gap in first.differences)
    assert str(tmp_path) not in as_json(first).decode()
    assert [d.name for d in first.data_sets] == ["x", "x (2)"]
    seeded = evaluate(one, options=scripted_options(groups=QUICK, seed=5))
    assert as_json(seeded) != as_json(evaluate(one, options=scripted_options(groups=QUICK)))


def test_values_lie_in_their_ranges_and_intervals(
    clean_rows: Callable[..., list[Any]], write_rows: Write, scripted_options: Callable[..., Options], tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "x.jsonl", clean_rows(40))
    report = evaluate(path, options=scripted_options(groups=("cleanliness", "likeness", "expansion", "quality")))
    for name, figure in report.data_sets[0].figures.items():
        low, high = report.metrics[name].range
        assert (low if low is not None else -math.inf) - 1e-9 <= figure.value, name
        assert figure.value <= (high if high is not None else math.inf) + 1e-9, name
        assert figure.low <= figure.value + 1e-9, name
        assert figure.value <= figure.high + 1e-9, name
    figures = report.data_sets[0].figures
    assert figures["utterances"].value == 10
    assert figures["utterances_p50"].value == 10
    assert figures["inside_length"].value == 0
    asked = evaluate(path, options=scripted_options(groups=("cleanliness",), utterances=(8, 10)))
    assert asked.data_sets[0].figures["inside_length"].value == 1


def test_text_of_the_data_is_no_markup(
    clean_rows: Callable[..., list[Any]], write_rows: Write, scripted_options: Callable[..., Options], tmp_path: Path
) -> None:
    rows = clean_rows(12)
    rows[0]["utterances"][0] = EVIL
    path = write_rows(tmp_path / "<img src=x>$a$.jsonl", [*rows, {"user_1": EVIL}])
    report = evaluate(path, [path], scripted_options(groups=QUICK))
    made = page(report)
    tags: set[str] = set()

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.add(tag)
            for key, value in attrs:
                assert not (key in ("href", "src") and (value or "").startswith("http")), (tag, key, value)

    Parser().feed(made)
    assert not tags & {"script", "img", "link", "iframe"}
    assert "svg" in tags
    tables = markdown(report)
    assert "<" not in tables.replace("\\<", "")
    assert "\x1b" not in tables
    assert "\x1b" not in made


def test_broken_input_is_counted_or_refused(
    clean_rows: Callable[..., list[Any]], write_rows: Write, scripted_options: Callable[..., Options], tmp_path: Path
) -> None:
    rows = clean_rows(12)
    mixed: list[Any] = [
        *rows,
        {"user_1": ["I a."], "user_2": ["I b."], "utterances": []},
        {
            "user 1 personas": "I a.",
            "user 2 personas": "I b.",
            "Best Generated Conversation": "User 1: Hi.\n\nUser 2: Ho.",
        },
        {"user_1": ["I a."], "utterances": ["Hi."]},
        {"user_1": [], "user_2": [], "utterances": ["Only me."]},
    ]
    report = evaluate(write_rows(tmp_path / "x.jsonl", mixed), options=scripted_options(groups=QUICK))
    data = report.data_sets[0]
    assert (data.conversations, data.unreadable) == (14, 2)
    assert {p.first for p in data.problems} == {13, 15}
    assert data.figures["clean_format"].count == 12
    assert data.figures["one_speaker"].count == 1
    assert any("rows left out" in note or "row left out" in note for note in report.notes)
    with pytest.raises(UsageError, match=r"row 1"):
        evaluate(write_rows(tmp_path / "y.jsonl", [{"text": "x"}]), options=scripted_options())


def test_what_a_figure_is_of_and_what_has_none_are_shown(
    clean_rows: Callable[..., list[Any]], write_rows: Write, scripted_options: Callable[..., Options], tmp_path: Path
) -> None:
    rows = clean_rows(30)
    for row in rows[10:]:
        row["user_1"], row["user_2"] = [], []
    options = scripted_options(groups=("faithfulness", "usefulness"))
    report = evaluate(write_rows(tmp_path / "x.jsonl", rows), options=options)
    tables = markdown(report)
    assert report.data_sets[0].figures["half_said"].n == 10
    assert "n=10" in next(line for line in tables.splitlines() if report.metrics["half_said"].title in line)
    why = "too few conversations with profiles to train on"
    assert any("no figure for" in note and " more: " in note and why in note for note in report.notes)
    assert why in tables
    assert why in page(report)


def test_the_command_writes_all_files_and_nothing_over_them(
    clean_rows: Callable[..., list[Any]], write_rows: Write, tmp_path: Path
) -> None:
    path = str(write_rows(tmp_path / "x.jsonl", clean_rows(12)))
    call = ["evaluate", path, "--groups", "cleanliness", "--small-models", "scripted", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.output
    assert "Cleanliness" in done.output
    data = orjson.loads((tmp_path / "out" / "report.json").read_bytes())
    assert Report.model_validate(data).schema_ == "duologue-evaluation/2"
    assert "## Cleanliness" in (tmp_path / "out" / "report.md").read_text()
    assert (tmp_path / "out" / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert isinstance(CliRunner().invoke(app, call).exception, UsageError)
    assert CliRunner().invoke(app, [*call, "--replace", "--quiet"]).exit_code == 0


def test_a_configuration_says_which_models_measure(
    clean_rows: Callable[..., list[Any]], write_rows: Write, tmp_path: Path
) -> None:
    path, config = write_rows(tmp_path / "x.jsonl", clean_rows(12)), tmp_path / "c.yaml"
    config.write_text("small_models: {embedder: scripted, nli: scripted, toxicity: wordlist}\n")
    call = ["evaluate", str(path), "--groups", "toxicity", "--out", str(tmp_path / "out"), "--config", str(config)]
    done = CliRunner().invoke(app, [*call, "--quiet"])
    assert done.exit_code == 0, done.output
    models = orjson.loads((tmp_path / "out" / "report.json").read_bytes())["models"]
    assert "profanity" in models["toxicity"] or "wordlist" in models["toxicity"]
    both = CliRunner().invoke(app, [*call, "--replace", "--small-models", "scripted"])
    assert isinstance(both.exception, UsageError)


def test_the_command_sizes_the_generator(
    clean_rows: Callable[..., list[Any]], write_rows: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Options] = []

    def stop(data: str, against: object, options: Options, **_: object) -> Report:
        asked.append(options)
        raise UsageError("enough")

    monkeypatch.setattr(import_module("duologue.evaluation.evaluate"), "evaluate", stop)
    sizes = ["--generator", "org/m", "--generator-train", "5000", "--generator-test", "50", "--generator-epochs", "2"]
    path = write_rows(tmp_path / "x.jsonl", clean_rows(12))
    assert isinstance(CliRunner().invoke(app, ["evaluate", str(path), *sizes]).exception, UsageError)
    CliRunner().invoke(app, ["evaluate", str(path)])
    given, default = (options.generator for options in asked)
    assert given == GeneratorOptions("org/m", train=5000, test=50, epochs=2)
    assert default == GeneratorOptions()


def test_figures_are_kept_where_no_page_can_be_made(
    clean_rows: Callable[..., list[Any]],
    write_rows: Write,
    scripted_options: Callable[..., Options],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write_rows(tmp_path / "x.jsonl", clean_rows(12))
    report = evaluate(path, options=scripted_options(groups=("cleanliness",)))

    def broken(report: Report) -> str:
        raise UsageError("no page")

    monkeypatch.setattr(html, "page", broken)
    with pytest.raises(UsageError, match="no page"):
        files.write_report(report, tmp_path / "out")
    assert (tmp_path / "out" / "report.json").is_file()
    monkeypatch.setattr(files, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="jinja2"):
        files.check_folder(tmp_path / "new", replace=False)


def test_the_asked_length_is_that_of_each_conversation(tmp_path: Path, make_run: Callable[..., Path]) -> None:
    with RunReader(make_run(tmp_path / "run", 1)) as run:
        conversation = next(iter(run.conversations()))
    said = len(conversation.candidate.utterances)
    for length, inside in (((said, said + 2), 1.0), ((said + 1, said + 2), 0.0), ((0, 0), 0.0)):
        asked = replace(conversation, candidate=replace(conversation.candidate, length=length))
        view = View(dialogue(asked, Provenance("x", "run", 1)), Roles())
        assert InsideLength(said + 5, said + 6).measure(view) == (inside, 1.0)


def test_groups_are_checked() -> None:
    assert check_groups(["toxicity", "expansion"]) == ("expansion", "toxicity")
    with pytest.raises(UsageError, match="groups:"):
        check_groups(["beauty"])


def test_the_schema_document_names_every_field() -> None:
    text = DOC.read_text(encoding="utf-8")
    for part in PARTS:
        for name, field in part.model_fields.items():
            assert f"| `{field.alias or name}` |" in text, f"{part.__name__}.{name}"


def test_every_record_of_the_report_is_documented() -> None:
    assert {r for r in vars(records).values() if isinstance(r, type) and issubclass(r, Record)} - {Record} == set(PARTS)


class Shouts(Described):
    """Share of conversations in which somebody shouts, counted by a plug-in."""

    name = "shouts"
    group = "likeness"
    title = "that shout"

    def measure(self, view: View) -> tuple[float, float]:
        return float(any(text.isupper() for text in view.texts)), 1.0


def test_plug_ins_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("shouts", f"{__name__}:Shouts", "duologue.metrics")
    monkeypatch.setattr(EntryPoint, "load", lambda self: Shouts)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    assert "shouts" in [m.name for m in make_metrics()]
    monkeypatch.setattr(EntryPoint, "load", lambda self: dict)
    with pytest.raises(UsageError, match="shouts"):
        make_metrics()


def test_a_run_is_shown_by_iteration(
    tmp_path: Path, make_run: Callable[..., Path], scripted_options: Callable[..., Options]
) -> None:
    run = make_run(tmp_path / "run", 6)
    report = evaluate(run, options=scripted_options(groups=("cleanliness",), by_iteration=True))
    assert [d.name for d in report.data_sets] == ["run", "run, iteration 1"]
    assert [d.conversations for d in report.data_sets] == [6, 6]
    assert report.data_sets[0].figures == report.data_sets[1].figures
