"""Training rows from run folders."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import duologue
from duologue.backends.scripted import ScriptedBackend
from duologue.conversations.generator.render import transcript
from duologue.errors import ImpossibleRequest, UsageError
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli
from duologue.prompts import as_data
from duologue.store.reading import RunReader
from duologue.training.collect import TASKS, Collected, collect, tasks_of
from duologue.training.rows import What
from duologue.training.train import Request, train_run

MakeRun = Callable[..., Path]


def read(folder: Path, what: What, *tasks: str, examples: int | None = None, rounds: int | None = None) -> Collected:
    models = {"embedder": ScriptedEmbedder(), "nli": ScriptedNli()}
    with RunReader(folder) as reader:
        return asyncio.run(
            collect(reader, what, tasks=tasks, examples=examples, most_iteration=rounds, **models)  # type: ignore[arg-type]
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
    assert "Write exactly 3 utterances." in shown
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
