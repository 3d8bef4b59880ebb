"""Tests of the layouts of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.datasets.layouts import dialogue_of, labelled, layout_of, split_name
from duologue.datasets.problems import BadRow
from duologue.datasets.records import Provenance, Utterance
from duologue.export.write import export_run
from duologue.store.reading import RunReader

HERE = Provenance("x", "jsonl", 1)
SAID = (Utterance(1, "Hi."), Utterance(2, "Ho."))

ROWS: list[Mapping[str, object]] = [
    {
        "user_1": {"attributes": [{"text": "I a."}]},
        "user_2": {"attributes": [{"text": "I b."}, {"text": "I c."}]},
        "utterances": [{"speaker": 1, "text": "Hi."}, {"speaker": 2, "text": "Ho."}],
    },
    {"user_1": ["I a."], "user_2": ["I b.", "I c."], "utterances": ["Hi.", "Ho."]},
    {"user_1": ["I a."], "user_2": ["I b.", "I c."], "turns": [["Bob", "Hi."], ["Ann", "Ho."]]},
    {"user_1": "I a.", "user_2": "I b.\nI c.\n", "turns": [["user 1", "Hi."], ["user 2", "Ho."]]},
    {
        "User 1 Personas": "I a.",
        "user_2_personas": "I b.\r\nI c.",
        "Best Generated Conversation": "User 1: Hi.\nUser 2: Ho.",
    },
    {"persona_bot": ["I b.", "I c."], "persona_Guest": ["I a."], "turns": [["Guest", "Hi."], ["bot", "Ho."]]},
    {"persona_a": ["I a."], "persona_b": ["I b.", "I c."], "dialogue": ["Hi.", "Ho."]},
    {"persona_user_1": ["I a."], "persona_user_2": "I b.\nI c.", "turns": [["user_1", "Hi."], ["user_2", "Ho."]]},
    {"persona_user_Ann": "I b.\nI c.", "persona_user_Bob": ["I a."], "turns": [["user Bob", "Hi."], ["Ann", "Ho."]]},
    {"persona_1": ["I a."], "persona_2": ["I b.", "I c."], "turns": [["Bob", "Hi."], ["Ann", "Ho."]]},
]


@pytest.mark.parametrize("row", ROWS)
def test_every_layout_gives_the_same(row: Mapping[str, object]) -> None:
    found = dialogue_of(row, HERE)
    assert (found.user_1, found.user_2, found.utterances) == (("I a.",), ("I b.", "I c."), SAID)
    assert found.id == dialogue_of(ROWS[0], HERE).id
    assert found.id.startswith("d-")
    assert (found.profile(1), found.profile(2)) == (found.user_1, found.user_2)
    assert found.said_by(2) == ((1, "Ho."),)


def test_id_split_and_model_are_kept() -> None:
    row = {**ROWS[1], "id": 7, "split": "validation", "model": "m"}
    found = dialogue_of(row, HERE, "train")
    assert (found.id, found.split, found.provenance) == ("7", "valid", Provenance("x", "jsonl", 1, "m"))
    assert dialogue_of(ROWS[1], HERE, "train").split == "train"
    assert [split_name(n) for n in ("Dev", "test", "extra")] == ["valid", "test", "extra"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"utterances": []}, "it has no utterance"),
        ({"utterances": 3}, "the utterances are no list"),
        ({"utterances": "Hi."}, "the utterances are no list"),
        ({"utterances": [5]}, "an utterance is neither"),
        ({"utterances": [{"speaker": 3, "text": "Hi."}]}, "an utterance has a speaker without a profile"),
        ({"utterances": [{"speaker": 1, "text": None}]}, "an utterance is no text"),
        ({"user_1": 5}, "a profile is neither"),
        ({"user_2": [None]}, "an attribute is no text"),
    ],
)
def test_what_a_row_can_lack(change: Mapping[str, object], what: str) -> None:
    with pytest.raises(BadRow, match=what):
        dialogue_of({**ROWS[1], **change}, HERE)


def test_two_profiles_of_one_speaker_are_a_bad_row() -> None:
    with pytest.raises(BadRow, match="two profiles of one speaker"):
        dialogue_of({"persona_1": "I a.", "persona_user_1": "I b.", "turns": ["Hi."]}, HERE)


def test_unknown_keys_are_no_layout() -> None:
    assert layout_of(["text", "label"]) is None
    with pytest.raises(BadRow, match="no known layout"):
        dialogue_of({"text": ""}, HERE)


def test_exports_without_a_reader_are_named(tmp_path: Path, make_run: Callable[..., Path]) -> None:
    run = make_run(tmp_path / "run", 2)
    for name in ("chat", "preference", "inference", "evidence"):
        with RunReader(run) as reader:
            export_run(reader, name, tmp_path / name)
        row = orjson.loads((tmp_path / name).read_bytes().splitlines()[0])
        with pytest.raises(BadRow, match=f"looks like the export {name}, which is not read; exports as jsonl, parquet"):
            dialogue_of(row, HERE)


def test_lines_without_label_go_on_the_utterance_before() -> None:
    assert labelled("User 1: Hi.\nand more\n\nuser 2:Ho.\nUser 2: User 1: no.") == (
        Utterance(1, "Hi.\nand more"),
        Utterance(2, "Ho."),
        Utterance(2, "User 1: no."),
    )
    with pytest.raises(BadRow, match="begins without"):
        labelled("Hi.\nUser 1: Ho.")


@given(st.dictionaries(st.sampled_from([*ROWS[0], *ROWS[3], "persona_a", "persona_1", "persona_user_1", "persona_user_2", "turns", "id"]), st.recursive(
    st.none() | st.text(max_size=5) | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["speaker", "text", "attributes"]), inner),
    max_leaves=8,
)))  # fmt: skip
def test_any_row_is_a_dialogue_or_a_bad_row(row: dict[str, object]) -> None:
    problem: BadRow | None = None
    try:
        found = dialogue_of(row, HERE)
    except BadRow as error:
        problem = error
    if problem is not None:
        assert str(problem.at(3)).startswith("row 3: ")
        assert "\n" not in str(problem.at(3))
    else:
        assert found.utterances
        assert all(isinstance(text, str) for text in (*found.user_1, *found.user_2))
