"""Training rows from run folders."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import duologue
from duologue.backends.scripted import ScriptedBackend
from duologue.config.sections import Config
from duologue.conversations.generator.protocol import Task
from duologue.conversations.generator.render import transcript
from duologue.errors import ImpossibleRequest, UsageError
from duologue.export.contests import Contest
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli
from duologue.prompts import as_data
from duologue.records import Conversation, Pair
from duologue.store.reading import RunReader
from duologue.training.asked import asked_in
from duologue.training.base import Base
from duologue.training.collect import TASKS, Collected, collect, run_config, tasks_of
from duologue.training.options import Options
from duologue.training.replay import Replayer, Said
from duologue.training.rows import What, hosted
from duologue.training.train import Request, peft_note, train_run

MakeRun = Callable[..., Path]


def read(folder: Path, what: What, *tasks: str, examples: int | None = None, rounds: int | None = None) -> Collected:
    models = {"embedder": ScriptedEmbedder(), "nli": ScriptedNli()}
    with RunReader(folder) as reader:
        asked = asked_in(run_config(reader))
        asked = asked if examples is None else replace(asked, examples=examples)
        return asyncio.run(
            collect(reader, what, tasks=tasks, asked=asked, most_iteration=rounds, **models)  # type: ignore[arg-type]
        )


@pytest.fixture(scope="module")
def folder(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("run") / "run", 10)


def make_true_run(out: Path, writer: str = "scripted", **overrides: object) -> Path:
    small = {f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")}
    model = {"model.backend": "scripted", "model.name": "scripted", "pairing.pairs": 6}
    named = {name.replace("__", "."): value for name, value in overrides.items()}
    config = duologue.load_config(preset="quick", overrides={**model, **small, **named})
    duologue.run(config, out, backend=ScriptedBackend(model=writer))
    return out


@pytest.fixture(scope="module")
def true_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run of the scripted model."""
    return make_true_run(tmp_path_factory.mktemp("true") / "run")


@pytest.fixture(scope="module")
def planned_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with planned turns, over several iterations."""
    out = tmp_path_factory.mktemp("planned") / "run"
    return make_true_run(out, generator__plan=True, generator__candidates=3, loop__iterations=3)


def test_each_speaker_sees_its_own_profile_only_and_learns_its_own_words(folder: Path) -> None:
    rows = read(folder, "sft", "turns").lessons
    assert len(rows) == 16
    for row in rows:
        own, other = ("owls", "bees") if row.id.endswith("-1") else ("bees", "owls")
        assert f"I keep {own}" in row.messages[0].content
        assert f"I keep {other}" not in row.messages[0].content
        said = [row.messages[i].content for i in row.learn]
        assert said == [m.content for m in row.messages if m.role == "assistant"]
        expected = ["How are your owls 0?", "Busy"] if row.id.endswith("-1") else ["Fine, and your bees?"]
        assert [text.rsplit(" ", 1)[0] if text.startswith("Busy") else text for text in said] == expected


def test_whole_rows_hold_both_profiles_and_the_labelled_conversation(folder: Path) -> None:
    rows = read(folder, "sft", "whole", examples=1).lessons
    assert len(rows) == 8
    row = rows[0]
    assert row.messages[-1].content.splitlines()[0] == "User 1: How are your owls 0?"
    assert row.learn == (len(row.messages) - 1,)
    shown = "\n".join(m.content for m in row.messages[:-1])
    assert "I keep owls 0." in shown
    assert "I keep bees 0." in shown
    # As many as the candidate was asked for, not as many as it has.
    with RunReader(folder) as reader:
        made = [c.candidate for c in reader.conversations()]
    tasks = [
        Task(c.pair, c.iteration, c.attempt, c.sample, (), c.length, c.seed) for c in made if c.pair.split != "test"
    ]
    assert {task.target for task in tasks} > {3}
    for task, one in zip(tasks, rows, strict=True):
        assert f"Write exactly {task.target} utterances." in one.messages[-2].content
    assert shown.count("Conversation of") == 1


def test_the_test_split_is_never_used_and_the_valid_split_measures(folder: Path) -> None:
    got = read(folder, "sft", "turns")
    assert {row.part for row in got.lessons} == {"train", "valid"}
    assert got.left_out["conversations of the split test"] == 2
    assert not [row for row in got.lessons if "owls 4" in row.messages[0].content]


def test_preferences_are_winner_and_loser_of_one_pair(folder: Path) -> None:
    rows = read(folder, "dpo", "turns").preferences
    by = {row.by for row in rows}
    assert by == {"tournament", "faithfulness"}
    for row in rows:
        assert row.prompt
        assert row.chosen != row.rejected
        assert "0?" in " ".join(m.content for m in row.chosen)


def test_sides_that_say_the_same_are_left_out(folder: Path) -> None:
    got = read(folder, "dpo", "turns")
    # The candidates differ in their openings alone.
    assert {row.id[-2:] for row in got.preferences} == {"-1"}
    assert got.left_out["contests whose two sides say the same"] == len(got.preferences)


def test_a_second_speaker_answers_different_openings(true_run: Path) -> None:
    rows = [row for row in read(true_run, "dpo", "turns").preferences if row.id.endswith("-2")]
    assert rows
    for row in rows:
        assert [m.role for m in row.prompt] == ["system"]
        assert row.chosen[0].role == row.rejected[0].role == "user"


def test_training_prompts_are_those_that_were_sent(true_run: Path) -> None:
    rows = read(true_run, "sft", "turns", examples=0).lessons
    with RunReader(true_run) as reader:
        sent = {
            (tuple(m["content"] for m in call["request"]["messages"][1:]), as_data(call["answer"]["text"]))
            for call in reader.calls()
            if call["purpose"] == "generator.turn"
        }
    assert rows
    for row in rows:
        for place in row.learn:
            # All but the system message, which shows the few-shot examples of an iteration.
            assert (tuple(m.content for m in row.messages[1:place]), row.messages[place].content) in sent


def test_training_prompts_of_planned_turns_are_those_that_were_sent(planned_run: Path) -> None:
    with RunReader(planned_run) as reader:
        made = {c.candidate.iteration * 100 + c.candidate.sample for c in reader.conversations()}
        sent = {
            (tuple(m["content"] for m in call["request"]["messages"][1:]), as_data(call["answer"]["text"]))
            for call in reader.calls()
            if call["purpose"] == "generator.turn"
        }
    # Plans differ between candidates, so one kind of winner would show little.
    assert len(made) > 1
    rows = read(planned_run, "sft", "turns", examples=0).lessons
    assert any("Bring this up" in m.content for row in rows for m in row.messages[1:])
    for row in rows:
        # Notes of earlier utterances that came to nothing are gone from the last prompt, so only that was sent as it is.
        last = row.learn[-1]
        assert (tuple(m.content for m in row.messages[1:last]), row.messages[last].content) in sent


def test_preferences_of_planned_turns_show_the_losers_own_prompts(planned_run: Path) -> None:
    with RunReader(planned_run) as reader:
        sent = {
            tuple(m["content"] for m in call["request"]["messages"][1:])
            for call in reader.calls()
            if call["purpose"] == "generator.turn"
        }
    rows = read(planned_run, "dpo", "turns", examples=0).preferences
    assert rows
    for row in rows:
        for answer in (row.chosen, row.rejected):
            assert tuple(m.content for m in (*row.prompt, *answer)[1:-1]) in sent


def lost(reader: RunReader, won: Sequence[Conversation], *said: str, attempt: int = 0) -> Iterator[Contest]:
    """Each winner against a loser that says this, asked for as many utterances in the same attempt."""
    for one in won:
        yield Contest(one, "k-lost", said, 1, "length", "too short", (attempt, 1), "scripted")


def whole_contests(make_run: MakeRun, folder: Path, monkeypatch: pytest.MonkeyPatch, **loser: Any) -> Collected:
    run = make_run(folder, 10, config={"generator.mode": "whole", "generator.utterances": (2, 4)})
    said = loser.pop("said")
    monkeypatch.setattr("duologue.training.collect.contests", lambda reader, won: lost(reader, won, *said, **loser))
    return read(run, "dpo", "whole", examples=0)


def test_both_whole_conversations_answer_the_prompt_that_was_sent(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got = whole_contests(make_run, tmp_path / "run", monkeypatch, said=("Hi there.", "Hello."))
    assert len(got.preferences) == 8
    asked = set()
    for row in got.preferences:
        number = re.search(r"Write exactly (\d+) utterances", row.prompt[-1].content)
        assert number, "the request stands in the prompt that both share"
        asked.add(int(number.group(1)))
        assert [m.role for m in (*row.chosen, *row.rejected)] == ["assistant", "assistant"]
        assert hosted(row) is not None
    # Neither the winner's three nor the loser's two of all of them.
    assert len(asked) > 1


def test_whole_conversations_that_answered_different_prompts_are_counted_not_compared(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got = whole_contests(make_run, tmp_path / "run", monkeypatch, said=("Hi there.", "Hello."), attempt=1)
    different = got.left_out["contests of conversations that were asked for other numbers of utterances"]
    assert different > 0
    assert len(got.preferences) + different == 8


def test_a_loser_that_gives_no_side_is_counted(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got = whole_contests(make_run, tmp_path / "run", monkeypatch, said=("Hi there.",))
    assert not got.preferences
    assert got.left_out["contests of a conversation that the Generator of mode whole would not say"] == 8


def test_turns_that_people_made_shorter_are_said_all_the_same(folder: Path) -> None:
    with RunReader(folder) as reader:
        pair = next(reader.conversations()).candidate.pair
    made = Said(pair, ("Hi.", "Ho.", "Well."), 1, 0, 0, 0, (8, 8))
    replayer = Replayer(Config(), ScriptedEmbedder(), ScriptedNli())
    sides = asyncio.run(replayer.sides("turns", made, ()))
    assert [len(side.own) for side in sides] == [2, 1]


def test_preferences_of_the_first_iterations_know_nothing_of_later_ones(planned_run: Path) -> None:
    with RunReader(planned_run) as reader:
        first = {c.id: {as_data(u) for u in c.candidate.utterances} for c in reader.conversations(1)}
        final = {c.id: {as_data(u) for u in c.candidate.utterances} for c in reader.conversations()}
    assert first != final
    rows = read(planned_run, "dpo", "turns", examples=0, rounds=1).preferences
    assert {row.id.partition("-k-")[0] for row in rows} == set(first)
    for row in rows:
        said = {m.content for m in row.chosen if m.role == "assistant"}
        assert said <= first[row.id.partition("-k-")[0]]


def test_expansion_rows_are_logged_prompts_with_accepted_answers(true_run: Path) -> None:
    rows = read(true_run, "sft", "query", "bootstrap_query", "attribute").lessons
    assert {row.task for row in rows} == {"query", "bootstrap_query", "attribute"}
    with RunReader(true_run) as reader:
        accepted = {str(item.value()["text"]) for item in reader.items("attribute", status="accepted")}
    for row in rows:
        # The prompt's own examples are shown, not learnt.
        assert row.learn == (len(row.messages) - 1,)
        assert sum(m.role == "assistant" for m in row.messages) > 1
        if row.task == "attribute":
            assert row.messages[-1].content in accepted


def test_attributes_of_held_out_users_are_not_learnt(tmp_path: Path) -> None:
    splits: dict[str, Any] = {"splits__train": 0.4, "splits__valid": 0.3, "splits__test": 0.3}
    short: dict[str, Any] = {"loop__iterations": 1, "generator__candidates": 1, "generator__utterances": (2, 2)}
    run = make_true_run(tmp_path / "run", pairing__pairs=20, expansion__target=80, **splits, **short)
    with RunReader(run) as reader:
        pairs = [item.record(Pair) for item in reader.items("pair", status="accepted")]
    held: dict[str, set[str]] = {"train": set(), "valid": set(), "test": set()}
    for pair in pairs:
        held[pair.split] |= {a.text for a in (*pair.user_1.attributes, *pair.user_2.attributes)}
    got = read(run, "sft", "attribute")
    parts = {row.messages[-1].content: row.part for row in got.lessons}
    assert not parts.keys() & held["test"]
    assert got.left_out["attributes of users of the split test"] > 0
    measures = parts.keys() & held["valid"]
    assert measures
    assert {parts[text] for text in measures} == {"valid"}
    assert "train" in parts.values()


def test_data_only_writes_both_forms(true_run: Path, tmp_path: Path) -> None:
    said: list[str] = []
    about = asyncio.run(train_run(Request(true_run, tmp_path / "set", data_only=True), said.append))
    files = {p.name for p in (tmp_path / "set").iterdir()}
    assert files == {"train.jsonl", "valid.jsonl", "hosted_train.jsonl", "hosted_valid.jsonl", "set.json"}
    rows = [json.loads(line) for line in (tmp_path / "set" / "hosted_train.jsonl").read_text().splitlines()]
    assert len(rows) == sum(about["rows"]["train"].values())
    assert {m["role"] for row in rows for m in row["messages"]} == {"system", "user", "assistant"}
    assert about["writers"] == ["scripted"]
    with pytest.raises(UsageError, match="exists already"):
        asyncio.run(train_run(Request(true_run, tmp_path / "set", data_only=True), said.append))


def set_of(run: Path, to: Path, **asked: Any) -> tuple[dict[str, Any], list[str]]:
    said: list[str] = []
    about = asyncio.run(train_run(Request(run, to, data_only=True, **asked), said.append))
    return about, said


def test_prompts_are_those_that_the_base_is_asked_with(true_run: Path, tmp_path: Path) -> None:
    _, said = set_of(true_run, tmp_path / "own", tasks=("turns",))
    assert not any("prompts are of" in line for line in said)
    about, said = set_of(true_run, tmp_path / "base", tasks=("turns",), base="duologue-135m")
    assert "prompts are of generator.plan true, generator.examples 0; the run's were of" in "\n".join(said)
    assert about["run"]["model"]["name"] == "duologue-135m"
    own, planned = ((tmp_path / name / "train.jsonl").read_text() for name in ("own", "base"))
    assert ("Bring this up" in own, "Bring this up" in planned) == (False, True)
    assert ("Chat:" in own, "Chat:" in planned) == (True, False)
    # What is said on the command line comes first.
    set_of(true_run, tmp_path / "no", tasks=("turns",), base="duologue-135m", plan=False, examples=1)
    plain = (tmp_path / "no" / "train.jsonl").read_text()
    assert ("Bring this up" in plain, "Chat:" in plain) == (False, True)


def test_rows_with_other_prompts_than_the_base_is_asked_with_are_named(true_run: Path, tmp_path: Path) -> None:
    set_of(true_run, tmp_path / "own")
    for base, noted in ((None, False), ("smollm2-135m", False), ("duologue-135m", True)):
        _, said = set_of(tmp_path / "own", tmp_path / f"copy-{base}", base=base)
        assert any("make them from the run with --base" in line for line in said) == noted, said


def test_preference_rows_that_hosted_services_cant_take_are_said(true_run: Path, tmp_path: Path) -> None:
    about, said = set_of(true_run, tmp_path / "set", settings={"what": "dpo"})
    assert any(line.startswith("left out: query, bootstrap_query, attribute: steps of") for line in said)
    rows = sum(about["rows"]["train"].values())
    assert about["hosted_train"] < rows
    line = f"hosted_train.jsonl: {about['hosted_train']} of {rows} rows, the others answer different messages"
    assert line in said


def test_what_training_goes_by_is_kept_between_rows_and_training(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {
        "training.alpha": 16.0,
        "training.epochs": 1.0,
        "training.patience": 5,
        "training.non_commercial": True,
        "seed": 7,
        "model.name": "smollm2-135m",
        "model.adapter": "a1",
    }
    run = make_run(tmp_path / "run", 20, config=chosen)
    set_of(run, tmp_path / "set", settings={"patience": 4})
    set_of(tmp_path / "set", tmp_path / "copy")
    fitted: dict[str, Any] = {}

    def fit(found: Any, base: Any, options: Options, to: Path, **rest: Any) -> Any:
        fitted.update(base=base.name, options=options, **rest)
        return SimpleNamespace(meta={})

    def check_terms(base: str, licence: str, terms: Any, *, non_commercial: bool) -> list[str]:
        fitted["non_commercial"] = non_commercial
        return []

    monkeypatch.setattr("duologue.training.train.check_extra", lambda: None)
    monkeypatch.setattr("duologue.training.train.check_terms", check_terms)
    monkeypatch.setattr("duologue.training.train.find_base", lambda name, gguf: Base(name, name, None, "", "mit"))
    monkeypatch.setattr("duologue.training.fit.fit", fit)
    for source in (run, tmp_path / "set", tmp_path / "copy"):
        said: list[str] = []
        asyncio.run(train_run(Request(source, tmp_path / "a", rows_at_once=1), said.append))
        options = fitted["options"]
        assert (options.alpha, options.epochs, options.seed) == (16.0, 1.0, 7)
        assert options.patience == (5 if source == run else 4)
        assert fitted["base"] == "smollm2-135m"
        assert fitted["non_commercial"]
        assert fitted["rows_at_once"] == 1
        assert any("the run was written with the adapter a1, and training begins without it" in line for line in said)
    said = []
    asyncio.run(train_run(Request(run, tmp_path / "a", base="qwen2.5-coder-0.5b"), said.append))
    assert not any("adapter a1" in line for line in said)


def test_a_set_that_does_not_say_what_it_is_for_is_refused(true_run: Path, tmp_path: Path) -> None:
    about, _ = set_of(true_run, tmp_path / "set")
    del about["run"]
    (tmp_path / "set" / "set.json").write_text(json.dumps(about))
    with pytest.raises(UsageError, match="does not say which model and settings the rows are for"):
        set_of(tmp_path / "set", tmp_path / "copy")


def test_a_peft_folder_that_fits_no_checkpoint_is_named() -> None:
    file = Path("m.gguf")
    assert "train on a checkpoint" in peft_note(Base("m", "m.gguf", file, "1", "mit", "llama"))
    assert peft_note(Base("m", "folder", file, "1", "mit", "llama")) == ""
    assert peft_note(Base("m", "folder", None, "", "mit")) == ""


def test_terms_are_those_of_the_models_whose_words_are_used(tmp_path: Path) -> None:
    one = tmp_path / "run"
    make_true_run(one, "gpt-4o", expansion__enabled=False)
    make_true_run(one, expansion__enabled=False, generator__candidates=4)
    for what in ("sft", "dpo"):
        to = tmp_path / what
        asked = Request(one, to, settings={"what": what}, tasks=("turns",), data_only=True)
        assert asyncio.run(train_run(asked, lambda line: None))["writers"] == ["scripted"]


def test_too_few_examples_are_one_line(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", 2)
    with pytest.raises(ImpossibleRequest, match=r"gives \d examples to learn from and training needs 8"):
        asyncio.run(train_run(Request(run, tmp_path / "a", base="smollm2-135m"), lambda line: None))
    assert not (tmp_path / "a").exists()


def test_tasks_are_those_of_the_run_unless_named() -> None:
    config = duologue.load_config(overrides={"generator.mode": "whole"})
    assert tasks_of(config) == ("whole", "query", "bootstrap_query", "attribute")
    assert tasks_of(config, TASKS) == TASKS
    with pytest.raises(UsageError, match="no task 'talk'"):
        tasks_of(config, ("talk",))


def test_the_transcript_is_what_the_parser_reads() -> None:
    from duologue.conversations.generator.parse import parse_conversation
    from duologue.training.replay import NAMES

    assert parse_conversation(transcript(("Hi.", "Ho."), NAMES)) == ("Hi.", "Ho.")
