"""Tests of decisions by hand: what holds after several, and that readers and exports respect it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from duologue.datasets import open_dataset
from duologue.errors import StoreError
from duologue.export import export_run
from duologue.store.hand import FILE_NAME, TABLE, Decision, basis_of, fold, read_hands
from duologue.store.reading import RunReader


def _decision(action: str, said: tuple[str, ...] | None = None) -> Decision:
    return Decision("c", "b", action, said, "", "me", 1.0)  # type: ignore[arg-type]


def test_the_latest_decision_holds_and_edits_stand_beside_it() -> None:
    said = ("Hi.",)
    assert fold([]).mark == ""
    assert fold([_decision("accept")]).mark == "accepted"
    assert fold([_decision("accept"), _decision("reject")]).mark == "rejected"
    assert fold([_decision("reject"), _decision("clear")]).mark == ""
    assert fold([_decision("edit", said)]).mark == "edited"
    assert fold([_decision("edit", said), _decision("reject")]).mark == "rejected"
    assert fold([_decision("edit", said), _decision("reject"), _decision("accept")]).utterances == said
    assert fold([_decision("edit", said), _decision("restore")]).mark == ""


def _decide(folder: Path, rows: list[tuple[str, str, str, str | None]]) -> None:
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.executescript(TABLE)
    for conversation, basis, action, said in rows:
        connection.execute(
            "INSERT INTO decisions (conversation, basis, action, utterances, note, who, at) VALUES (?, ?, ?, ?, '', 'me', 1)",
            (conversation, basis, action, said),
        )
    connection.commit()
    connection.close()


def test_readers_and_exports_respect_them(tmp_path: Path, make_run: Callable[..., Path]) -> None:
    run = make_run(tmp_path / "run", 4)
    with RunReader(run) as reader:
        made = list(reader.conversations())
        basis = [basis_of(c.candidate.utterances) for c in made]
        edited = ["How are your owls 0?", "Very well!", made[1].candidate.utterances[2]]
        _decide(run, [
            (made[0].id, basis[0], "reject", None),
            (made[1].id, basis[1], "edit", orjson.dumps(edited).decode()),
            (made[2].id, basis[2], "accept", None),
            # Decided of another text, so it says nothing of this one.
            (made[3].id, "0" * 16, "reject", None),
        ])  # fmt: skip
        kept = list(reader.conversations())
        assert [c.hand for c in kept] == ["edited", "accepted", ""]
        assert kept[0].candidate.utterances == tuple(edited)
        # The second utterance was edited: what was said about it no longer holds, about the first it does.
        assert [e.utterance for e in kept[0].evidence] == [0]
        assert list(reader.conversations(by_hand=False)) == made
        assert len(list(reader.conversations(1))) == 4
        for name in ("jsonl", "parquet", "chat", "spc", "evidence"):
            assert export_run(reader, name, tmp_path / name) == 3
        export_run(reader, "preference", tmp_path / "preference")
    rows = [orjson.loads(line) for line in (tmp_path / "jsonl").read_bytes().splitlines()]
    assert [(r["hand"], r["utterances"][1]["text"]) for r in rows][:2] == [
        ("edited", "Very well!"),
        ("accepted", "Fine, and your bees?"),
    ]
    assert "Very well!" in (tmp_path / "preference").read_text()
    assert made[0].id not in (tmp_path / "preference").read_text()
    assert [d.id for d in open_dataset(run)] == [c.id for c in kept]


def test_what_can_not_be_read_is_an_error_not_an_empty_list(tmp_path: Path) -> None:
    assert read_hands(tmp_path / FILE_NAME) == {}
    (tmp_path / FILE_NAME).write_bytes(b"no database at all, but long enough to be one" * 40)
    with pytest.raises(StoreError, match="can't be read"):
        read_hands(tmp_path / FILE_NAME)
