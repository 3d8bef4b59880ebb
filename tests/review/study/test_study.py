"""Tests of a study from its plan to its results: balance, blindness, answers, gold and speed, figures, files."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from duologue.errors import UsageError
from duologue.review.database import ReviewDatabase
from duologue.review.study.answers import answer_of, gold_passed
from duologue.review.study.assemble import assemble
from duologue.review.study.assign import assign
from duologue.review.study.records import ASPECTS, KINDS, Answer, Plan, Study, Task
from duologue.review.study.reliability import is_fast, reliability
from duologue.review.study.results import as_json, results
from duologue.review.study.store import StudyStore, read_studies
from duologue.review.study.take_out import csv_of, json_of, write_results

NAMES = ("ann", "bo", "cy", "di")


@pytest.fixture(scope="module")
def plan(write_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A plan over two small runs."""
    folder = tmp_path_factory.mktemp("study")
    one, other = write_run(folder / "one", 20), write_run(folder / "other", 16, persona="Really.")
    return Plan(str(one), str(other), KINDS, 9, 3, NAMES, 5)


@pytest.fixture(scope="module")
def tasks(plan: Plan) -> list[Task]:
    """Its tasks."""
    return assemble(plan)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StudyStore]:
    """A store on a file of its own."""
    database = ReviewDatabase(tmp_path / "review.sqlite")
    yield StudyStore(database)
    database.close()


def test_what_is_left_out_of_the_tasks_is_told(tmp_path: Path) -> None:
    data = tmp_path / "x.jsonl"
    rows = [{"user_1": ["I sing."], "user_2": ["I dance."], "utterances": ["Hi."] * n} for n in (2, 1, 3, 401)]
    data.write_bytes(b"\n".join([*map(orjson.dumps, rows), b"broken"]))
    told: list[str] = []
    made = assemble(Plan(str(data), "", ("quality",), 3, 1, ("ann",)), told.append)
    assert [task.gold for task in made] == [False, True]
    assert told == [
        f"{data}: 1 row left out: not JSON (row 5)",
        f"{data}: 2 left out of the tasks, for they have fewer than 2 or more than 400 utterances",
        "quality: 1 tasks in place of 3, for there are no more conversations",
    ]


def test_tasks_are_balanced_and_follow_from_the_plan(plan: Plan, tasks: list[Task]) -> None:
    assert assemble(plan) == tasks
    assert assemble(replace(plan, seed=6)) != tasks
    real = [t for t in tasks if not t.gold]
    assert Counter(t.kind for t in real) == dict.fromkeys(KINDS, 9)
    assert {t.kind for t in tasks if t.gold} == set(KINDS)
    assert len({t.id for t in tasks}) == len(tasks)
    sides = Counter(t.hidden["synthetic"] for t in real if t.kind == "detection")
    assert abs(sides["first"] - sides["second"]) == 1
    for kind in ("faithfulness", "quality"):
        assert Counter(t.hidden["set"] for t in real if t.kind == kind) == {"a": 5, "b": 4}
    for t in real:
        if t.kind == "detection":
            synthetic = t.shown[t.hidden["synthetic"]]
            # Both sets have ids of their own; what is shown on that side is the judged set's conversation.
            assert synthetic[-1][1].endswith(f"({int(t.hidden['a'][2:], 16)}.2)")
        if t.kind == "faithfulness":
            assert t.hidden["options"].count("true") == 4
            assert len(t.hidden["options"]) == len({*t.shown["options"]}) == 8
            # What the run's evidence says is known for the run's own attributes alone.
            assert ("carried" in t.hidden) == (t.hidden["set"] == "a")
            if t.hidden["set"] == "a":
                assert [c is not None for c in t.hidden["carried"]] == [o == "true" for o in t.hidden["options"]]
        if t.kind == "quality":
            # The other run's conversations have the same ids, and none of these verdicts.
            assert set(t.hidden["experts"]) == ({"depth", "coherency"} if t.hidden["set"] == "a" else set())


def test_gold_has_as_many_sentences_as_any_other(plan: Plan) -> None:
    tasks = assemble(replace(plan, kinds=("faithfulness",), items=12))
    assert {t.gold for t in tasks} == {True, False}
    assert {len(t.hidden["options"]) for t in tasks} == {8}
    for t in tasks:
        if t.gold:
            assert Counter(t.hidden["options"]) == {"true": 4, "random": 4}
            assert len(t.hidden["never"]) == 4


def test_nothing_shown_tells_sides_sets_or_gold(tasks: list[Task]) -> None:
    for t in tasks:
        assert set(t.shown) <= {"first", "second", "talk", "speaker", "options"}
        assert not re.search(r"c-[0-9a-f]{12}|\"set\"|gold", orjson.dumps(t.shown).decode())


@pytest.mark.parametrize("items", [1, 9, 16, 40])
def test_gold_is_made_from_conversations_of_no_other_task(plan: Plan, items: int) -> None:
    tasks = assemble(replace(plan, items=items))

    golds = [t for t in tasks if t.kind == "detection" and t.gold]
    assert golds
    for t in golds:
        real = t.shown["second" if t.hidden["answer"] == "first" else "first"]
        # The fixture's conversations end with their number.
        number = int(str(real[-1][1]).rpartition("(")[2].partition(".")[0])
        used = {o.hidden["b"] for o in tasks if o.kind == "detection" and not o.gold}
        assert f"c-{number:012x}" not in used
    for source in (plan, replace(plan, against="", kinds=("faithfulness",))):
        picks = [t for t in assemble(replace(source, items=items)) if t.kind == "faithfulness"]
        told = {t.hidden["conversation"] for t in picks if t.gold}
        assert told
        assert not told & {t.hidden["conversation"] for t in picks if not t.gold and t.hidden["set"] == "a"}


@pytest.mark.parametrize("items", [1, 9, 16, 40])
@pytest.mark.parametrize("alone", [True, False])
def test_gold_of_quality_is_made_from_conversations_of_no_other_task(
    plan: Plan, tmp_path: Path, items: int, alone: bool
) -> None:
    data = tmp_path / "x.jsonl"
    rows = [{"id": f"{n}", "user_1": [], "user_2": [], "utterances": [f"Hi {n}", "Ho"]} for n in range(12)]
    data.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    against = "" if alone else plan.source
    tasks = assemble(Plan(str(data), against, ("quality",), items, 1, ("ann",)))
    told = [t.shown["talk"][0][1] for t in tasks if t.gold]
    assert len(set(told)) == len(told) > 0
    assert not set(told) & {t.shown["talk"][0][1] for t in tasks if not t.gold}


def test_everyone_gets_as_much_and_each_task_its_annotators(plan: Plan, tasks: list[Task]) -> None:
    golds = {t.id for t in tasks if t.gold}
    for names, per_item in ((NAMES, 3), (NAMES[:3], 2), (NAMES, 1), (tuple("abcdefg"), 4), (NAMES[:2], 2)):
        order = assign(replace(plan, annotators=names, per_item=per_item), tasks)
        counted = Counter(t for own in order.values() for t in own)
        assert all(counted[t.id] == (len(names) if t.gold else per_item) for t in tasks)
        assert max(map(len, order.values())) - min(map(len, order.values())) <= 1
        for own in order.values():
            assert len(set(own)) == len(own)
            assert golds <= set(own)
            kinds = [next(t.kind for t in tasks if t.id == i) for i in own]
            assert kinds == sorted(kinds, key=KINDS.index)
    with pytest.raises(UsageError, match="per-item 5"):
        assign(replace(plan, per_item=5), tasks)
    with pytest.raises(UsageError, match="name of their own"):
        assign(replace(plan, annotators=("x", "x")), tasks)


def test_what_the_data_sets_do_not_give_is_said(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs a second data set"):
        assemble(replace(plan, against=""))
    bare = tmp_path / "bare.jsonl"
    bare.write_text('{"user_1": [], "user_2": [], "utterances": ["Hi.", "Ho."]}\n')
    with pytest.raises(UsageError, match="has no profiles"):
        assemble(replace(plan, source=str(bare), kinds=("faithfulness",)))
    assert len(assemble(replace(plan, source=str(bare), against="", kinds=("quality",)))) == 1


def _task(tasks: list[Task], kind: str, *, gold: bool = False) -> Task:
    return next(t for t in tasks if t.kind == kind and t.gold is gold)


def test_answers_and_what_is_none(tasks: list[Task]) -> None:
    detection, picks, quality = (_task(tasks, kind) for kind in KINDS)
    assert answer_of(detection, [("choice", "unsure")]) == "unsure"
    assert answer_of(picks, [("pick", "3"), ("pick", "0")]) == [0, 3]
    assert answer_of(picks, [("pick", "none")]) == []
    assert answer_of(quality, [(a, "4") for a in ASPECTS]) == dict.fromkeys(ASPECTS, 4)
    for task, fields in (
        (detection, []), (detection, [("choice", "third")]), (picks, []), (picks, [("pick", "none"), ("pick", "1")]),
        (picks, [("pick", "99")]), (picks, [("pick", "-1")]), (quality, [(a, "4") for a in ASPECTS[1:]]),
        (quality, [(a, "6") for a in ASPECTS]),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            answer_of(task, fields)


def test_gold_is_plain(tasks: list[Task]) -> None:
    detection, picks, quality = (_task(tasks, kind, gold=True) for kind in KINDS)
    machine = detection.shown[detection.hidden["answer"]]
    assert any("AI" in text or "[" in text for _, text in machine)
    assert gold_passed(detection, detection.hidden["answer"])
    assert not gold_passed(detection, "unsure")
    told = [picks.shown["options"][i] for i in picks.hidden["answer"]]
    said = " ".join(text for speaker, text in picks.shown["talk"] if speaker == picks.shown["speaker"])
    assert all(f"By the way: {text}" in said for text in told)
    assert gold_passed(picks, picks.hidden["answer"])
    assert not gold_passed(picks, picks.hidden["answer"][1:])
    assert not gold_passed(picks, [*picks.hidden["answer"], *picks.hidden["never"]]) or not picks.hidden["never"]
    assert len({text for _, text in quality.shown["talk"]}) == 1
    assert gold_passed(quality, dict.fromkeys(ASPECTS, 2))
    assert not gold_passed(quality, dict.fromkeys(ASPECTS, 5))


def test_the_store_hands_out_and_takes_answers(store: StudyStore, plan: Plan) -> None:
    id_ = store.ensure(plan)
    links = dict(store.links(id_))
    assert store.ensure(plan) == id_ == store.latest()
    assert dict(store.links(id_)) == links
    assert len({*links.values()}) == 4
    assert all(len(token) == 32 for token in links.values())
    assert store.seat("nobody") is None
    seat = store.seat(links["ann"])
    assert seat is not None
    assert (seat.next, seat.answered) == (1, ())
    assert store.task(seat, 0) is None
    assert store.task(seat, seat.total + 1) is None
    first = store.task(seat, 1)
    assert first is not None
    asyncio.run(store.showing(seat, first))
    asyncio.run(store.answer(seat, first, "first"))
    asyncio.run(store.answer(seat, first, "first"))
    asyncio.run(store.answer(seat, first, "second"))
    seat = store.seat(links["ann"])
    assert seat is not None
    assert (seat.next, seat.after(seat.total)) == (2, 2)
    assert store.given(seat, first) == "second"
    other = store.seat(links["bo"])
    assert other is not None
    assert other.answered == ()
    # Every answer is a row; the newest counts.
    assert store._database.reader().execute("SELECT count(*) FROM answers").fetchone() == (2,)
    assert [a.value for a in store.study(id_).answers] == ["second"]
    second = store.ensure(replace(plan, seed=9))
    assert store.latest() == second
    with pytest.raises(UsageError, match="no evaluation"):
        store.study("s-none")


def _study(plan: Plan, tasks: list[Task], say: Callable[[str, Task], Any], seconds: float = 1000.0) -> Study:
    order = assign(plan, tasks)
    by_id = {t.id: t for t in tasks}
    answers = tuple(
        Answer(i, name, say(name, by_id[i]), seconds, 1.0) for name, own in order.items() for i in own
    )  # fmt: skip
    return Study("s-1", plan, by_id, answers, {name: len(own) for name, own in order.items()})


def _perfect(name: str, task: Task) -> Any:
    """Someone who knows everything."""
    if task.gold:
        return dict.fromkeys(ASPECTS, 1) if task.kind == "quality" else task.hidden["answer"]
    if task.kind == "detection":
        return task.hidden["synthetic"]
    if task.kind == "faithfulness":
        return [i for i, kind in enumerate(task.hidden["options"]) if kind == "true"]
    return {a: 3 + round(task.hidden["experts"].get(a, 0) * 20) % 3 for a in ASPECTS}


def test_people_who_know_everything(plan: Plan, tasks: list[Task]) -> None:
    found = results(_study(plan, tasks, _perfect))
    assert found.detection is not None
    assert found.detection.by_item["lose"].value == found.detection.by_answer["lose"].value == 1.0
    # Nine of nine are no certainty.
    assert found.detection.by_item["lose"].low == pytest.approx(0.701, abs=5e-4)
    assert found.detection.by_item["tie"].high == pytest.approx(0.299, abs=5e-4)
    assert (found.detection.by_item["lose"].high, found.detection.by_item["tie"].low) == (1.0, 0.0)
    assert (found.detection.items, found.detection.answers) == (9, 27)
    assert found.detection.agreement.kappa == pytest.approx(1.0)
    assert found.detection.agreement.alpha == pytest.approx(1.0)
    assert found.detection.agreement.kappa_low == pytest.approx(0.701, abs=5e-4)
    assert found.detection.agreement.alpha_high == 1.0
    # A set has five or four conversations; their eight sentences each are no items of their own.
    assert found.faithfulness["a"].agreement.kappa_items == 40
    assert found.faithfulness["a"].agreement.alpha_low == pytest.approx(0.566, abs=5e-4)
    for one in found.faithfulness.values():
        assert (one.precision.value, one.recall.value) == (1.0, 1.0)
        assert set(one.picked.values()) == {0.0}
    evidence = next(e for e in found.experts if e.expert == "faithfulness")
    # People pick all of their attributes, the run's evidence has some of them only.
    assert 0.2 < evidence.same < 0.9
    assert all(p.agreement == 1.0 and p.gold_passed == p.gold == 6 and not p.doubtful for p in found.annotators)


def test_figures_by_hand(plan: Plan, tasks: list[Task]) -> None:
    """Two of three find every synthetic one, cy can't tell or hits the wrong side; bo picks one of each kind."""

    def say(name: str, task: Task) -> Any:
        if task.gold or task.kind == "quality":
            return _perfect(name, task)
        if task.kind == "detection":
            wrong = {"first": "second", "second": "first"}[task.hidden["synthetic"]]
            return {"cy": "unsure", "di": wrong}.get(name, task.hidden["synthetic"])
        return [
            task.hidden["options"].index("true"),
            *(i for i, k in enumerate(task.hidden["options"]) if k == "negated"),
        ]

    study = _study(plan, tasks, say)
    found = results(study)
    assert found.detection is not None
    votes = Counter(
        {"ann": "lose", "bo": "lose", "cy": "tie", "di": "win"}[a.annotator]
        for a in study.answers
        if study.tasks[a.task].kind == "detection" and not study.tasks[a.task].gold
    )
    agreement = found.detection.agreement
    assert -1 <= agreement.kappa_low < agreement.kappa < agreement.kappa_high < 1
    assert -1 <= agreement.alpha_low < agreement.alpha < agreement.alpha_high < 1
    exported = orjson.loads(json_of(study))["results"]["detection"]["agreement"]
    assert exported == {name: pytest.approx(value) for name, value in asdict(agreement).items()}
    assert set(exported) == {"kappa", "kappa_low", "kappa_high", "kappa_items", "alpha", "alpha_low", "alpha_high"}
    for way, share in found.detection.by_answer.items():
        assert share.value == pytest.approx(votes[way] / 27)
        assert share.low <= share.value <= share.high
    by_task: dict[str, set[str]] = {}
    for a in study.answers:
        by_task.setdefault(a.task, set()).add(a.annotator)
    lost = sum({"ann", "bo"} <= by_task[t.id] for t in tasks if t.kind == "detection" and not t.gold)
    assert found.detection.by_item["lose"].value == pytest.approx(lost / 9)
    assert sum(s.value for s in found.detection.by_item.values()) == pytest.approx(1.0)
    one = found.faithfulness["a"]
    negated = sum(
        "negated" in t.hidden["options"]
        for t in tasks
        if t.kind == "faithfulness" and not t.gold and t.hidden["set"] == "a"
    )
    assert one.precision.value == pytest.approx(5 / (5 + negated))
    assert one.recall.value == pytest.approx(0.25)
    assert one.picked["negated"] == 1.0
    # With ratings that follow the expert's value, ranks agree; the fixture's depth grows with the pair's number.
    judged = {"depth", "coherency", "attributes voiced", "attributes recognised"}
    assert {e.aspect for e in found.experts} == judged


def test_every_expert_whose_matter_people_judged_is_set_beside_them(plan: Plan, tasks: list[Task]) -> None:
    """Filters beside the attributes recognised, ``overall`` beside all aspects together."""
    number = {t.id: n for n, t in enumerate(t for t in tasks if not t.gold)}

    def scored(task: Task) -> Task:
        value = number.get(task.id, 0) / 100
        names = ["overall", "depth-llm", "wit"] if task.kind == "quality" else ["faithfulness-llm", "toxicity"]
        return replace(task, hidden={**task.hidden, "experts": dict.fromkeys(names, value)})

    def say(name: str, task: Task) -> Any:
        if task.gold or task.kind == "detection":
            return _perfect(name, task)
        place = [t.id for t in tasks if t.kind == task.kind and not t.gold].index(task.id)
        if task.kind == "quality":
            # Depth falls as the value grows, all of them together rise.
            return {a: 5 - place // 2 if a == "depth" else 1 + place // 2 for a in ASPECTS}
        true = [i for i, kind in enumerate(task.hidden["options"]) if kind == "true"]
        return true[: 1 + place % 4]

    found = results(_study(plan, [scored(t) for t in tasks], say)).experts
    values = {(e.expert, e.aspect): e for e in found if e.figure == "spearman"}
    assert set(values) == {
        ("overall", "all aspects"),
        ("depth-llm", "depth"),
        ("faithfulness-llm", "attributes recognised"),
    }
    assert values["overall", "all aspects"].value == pytest.approx(values["depth-llm", "depth"].value * -1)
    assert values["overall", "all aspects"].value > 0.9
    # 1, 2, 3, 4, 1, 2, 3, 4, 1 attributes of nine conversations in order: by hand.
    ranks = [2, 4.5, 6.5, 8.5, 2, 4.5, 6.5, 8.5, 2]
    assert values["faithfulness-llm", "attributes recognised"].value == pytest.approx(
        float(np.corrcoef(range(9), ranks)[0, 1])
    )
    assert values["faithfulness-llm", "attributes recognised"].items == 9


def test_who_hurries_or_misses_gold_is_marked_and_can_be_left_out(plan: Plan, tasks: list[Task]) -> None:
    def say(name: str, task: Task) -> Any:
        if name != "di":
            return _perfect(name, task)
        return {"detection": "unsure", "faithfulness": [], "quality": dict.fromkeys(ASPECTS, 5)}[task.kind]

    study = _study(plan, tasks, say)
    study = replace(study, answers=tuple(replace(a, seconds=0.5) if a.annotator == "bo" else a for a in study.answers))
    people = {p.name: p for p in reliability(study)}
    assert {name for name, p in people.items() if p.doubtful} == {"bo", "di"}
    assert (people["di"].gold, people["di"].gold_passed) == (6, 0)
    assert people["bo"].fast == people["bo"].answered
    agreement = people["di"].agreement
    assert agreement is not None
    assert agreement < 0.8
    task = _task(tasks, "quality")
    assert is_fast(Answer(task.id, "x", {}, task.words / 17, 0.0), task)
    assert not is_fast(Answer(task.id, "x", {}, task.words / 15, 0.0), task)
    trusted = results(study, trusted_only=True)
    assert trusted.left_out == ("bo", "di")
    assert trusted.detection is not None
    assert trusted.detection.by_answer["lose"].value == 1.0


def test_a_study_without_answers_has_results_too(plan: Plan, tasks: list[Task]) -> None:
    empty = replace(_study(plan, tasks, _perfect), answers=())
    found = results(empty)
    assert found.detection is None
    assert not found.faithfulness
    assert [p.answered for p in found.annotators] == [0, 0, 0, 0]
    assert orjson.loads(orjson.dumps(as_json(found)))["annotators"][0]["agreement"] is None
    single = replace(empty, answers=_study(plan, tasks, _perfect).answers[:1])
    assert orjson.dumps(as_json(results(single)))
    told = as_json(results(single))["detection"]["agreement"]
    assert {name for name, value in told.items() if value is None} == set(told) - {"kappa_items"}


def test_results_as_files(plan: Plan, tasks: list[Task], store: StudyStore, tmp_path: Path) -> None:
    study = _study(plan, tasks, lambda name, task: _perfect(name, task))
    study = replace(
        study, answers=tuple(replace(a, annotator="=cmd()") if a.annotator == "bo" else a for a in study.answers)
    )
    rows = list(csv.DictReader(io.StringIO(csv_of(study).decode(), newline="")))
    assert len(rows) == len(study.answers)
    assert {r["annotator"] for r in rows} == {"ann", "'=cmd()", "cy", "di"}
    assert all(r["right"] == "true" for r in rows if r["kind"] == "detection")
    value = orjson.loads(json_of(study))
    assert value["plan"]["annotators"] == list(NAMES)
    assert value["results"]["detection"]["by_item"]["lose"]["value"] == 1.0
    assert len(value["answers"]) == len(study.answers)
    assert write_results(study, tmp_path / "r.json") == len(study.answers)
    with pytest.raises(UsageError, match="exists already"):
        write_results(study, tmp_path / "r.json")
    with pytest.raises(UsageError, match=r"\.json or \.csv"):
        write_results(study, tmp_path / "r.txt")
    id_ = store.ensure(plan)
    assert [s.id for s in read_studies(tmp_path / "review.sqlite")] == [id_]
    assert read_studies(tmp_path / "none.sqlite") == ()
