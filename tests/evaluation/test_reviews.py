"""Tests of people's judgements in the report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from duologue.datasets import open_dataset
from duologue.evaluation import Options, Report, evaluate
from duologue.evaluation import reviews as reviews_module
from duologue.evaluation.rendering.extras import parts
from duologue.evaluation.rendering.files import as_json
from duologue.evaluation.rendering.html import page
from duologue.evaluation.rendering.markdown import markdown
from duologue.evaluation.reviews import reviews
from duologue.review.database import ReviewDatabase, place_of
from duologue.review.study.records import ASPECTS, KINDS, Plan, Task
from duologue.review.study.store import StudyStore

Write = Callable[[Path, Sequence[Any]], Path]


def answer(task: Task) -> Any:
    """What somebody says who knows the synthetic one, picks all true attributes and rates everything 4."""
    if task.kind == "quality":
        return dict.fromkeys(ASPECTS, 1 if task.gold else 4)
    if task.gold:
        return task.hidden["answer"]
    if task.kind == "detection":
        return task.hidden["synthetic"]
    return [i for i, kind in enumerate(task.hidden["options"]) if kind == "true"]


@pytest.fixture
def reviewed(clean_rows: Callable[..., list[Any]], write_rows: Write, tmp_path: Path) -> Path:
    """A data set that two people have judged beside another one."""
    rows = clean_rows(60)
    one, other = write_rows(tmp_path / "one.jsonl", rows[:30]), write_rows(tmp_path / "other.jsonl", rows[30:])
    database = ReviewDatabase(place_of(one))
    store = StudyStore(database)
    study = store.ensure(Plan(str(one), str(other), KINDS, 4, 2, ("ann", "bo"), 1))
    for _, token in store.links(study):
        while (seat := store.seat(token)) is not None and seat.next is not None:
            task = store.task(seat, seat.next)
            assert task is not None
            asyncio.run(store.showing(seat, task))
            asyncio.run(store.answer(seat, task, answer(task)))
    store.ensure(Plan(str(one), str(other), KINDS, 4, 2, ("cy", "di"), 2))
    database.close()
    return one


def test_what_people_said_stands_in_the_report(reviewed: Path, scripted_options: Callable[..., Options]) -> None:
    report = evaluate(reviewed, options=scripted_options(groups=("cleanliness",)))
    # The study that nobody has answered yet is left out.
    (found,) = report.data_sets[0].reviews
    assert (found.source, found.against, found.annotators) == ("one.jsonl", "other.jsonl", 2)
    assert found.detection is not None
    assert found.detection["by_item"]["lose"]["value"] == 1.0
    assert found.faithfulness["a"]["precision"]["value"] == 1.0
    assert found.quality["a"]["depth"]["mean"]["value"] == 4.0
    (part,) = parts(report)
    rows = {row[0]: row for row in part.rows}
    assert rows["named as the synthetic one"][1].startswith("100.0%")
    assert rows["named as the synthetic one"][3].startswith("17.2")
    assert rows["attributes picked, precision"][1].startswith("100.0%")
    assert rows["depth, 1 to 5"][1].startswith("4.00")
    # Everyone gave the same rating, so that chance can't be told from agreement; of picks it can.
    assert rows["agreement on depth, Krippendorff alpha"][1] == "-"
    assert rows["agreement on them, Krippendorff alpha"][1] == "1.00 [0.34, 1.00]"
    for text in (page(report), markdown(report)):
        assert "judged by people" in text
        # Reports are passed on: nobody is named, and no path is.
        assert "ann" not in text.replace("annotators", "")
        assert str(reviewed.parent) not in text


def test_a_report_of_before_intervals_of_agreement_is_shown(
    reviewed: Path, scripted_options: Callable[..., Options]
) -> None:
    report = evaluate(reviewed, options=scripted_options(groups=("cleanliness",)))
    plain = orjson.loads(as_json(report))
    (review,) = plain["data_sets"][0]["reviews"]
    for found in (*review["faithfulness"].values(), *(q for by in review["quality"].values() for q in by.values())):
        found["agreement"] = {name: found["agreement"][name] for name in ("kappa", "kappa_items", "alpha")}
    review["detection"]["agreement"] = {"kappa": 0.5, "kappa_items": 4, "alpha": None}
    (part,) = parts(Report.model_validate(plain))
    rows = {row[0]: row[1] for row in part.rows}
    assert (rows["Fleiss kappa"], rows["Krippendorff alpha"]) == ("0.50", "-")
    assert rows["agreement on them, Krippendorff alpha"] == "1.00"


def test_a_review_that_cannot_be_shown_is_mentioned(reviewed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = open_dataset(reviewed)
    monkeypatch.setattr(reviews_module, "find_spec", lambda name: None)
    assert reviews(data) == ((), reviews(data)[1])
    assert "krippendorff" in reviews(data)[1]
    monkeypatch.undo()
    place_of(reviewed).write_bytes(b"no database at all, just text" * 100)
    found, note = reviews(data)
    assert not found
    assert note.startswith("one.jsonl.")
    place_of(reviewed).unlink()
    assert reviews(data) == ((), "")
