"""``duologue show``: what is said under a conversation."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from duologue.cli.app import app
from duologue.review.database import ReviewDatabase
from duologue.review.decisions import Decisions
from duologue.store.reading import RunReader


def test_what_was_chosen_or_edited_by_hand_says_so_and_not_why_another_won(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run", 3)
    connection = sqlite3.connect(run / "run.sqlite")
    connection.execute("UPDATE items SET reason = 'won 4 of 6 votes' WHERE stage = 'conversation'")
    connection.commit()
    connection.close()
    with RunReader(run) as reader:
        one, two, three = reader.conversations()
        lost = [c for c in map(reader.judged, reader.items("candidate", status="rejected")) if c is not None]
    other = next(c for c in lost if c.candidate.pair == one.candidate.pair)
    database = ReviewDatabase(run / "review.sqlite")
    record = Decisions(database).record
    said = [f"New {i}" for i in range(3)]
    asyncio.run(record(one.id, one.candidate.utterances, "choose", "rosa", chosen=other))
    asyncio.run(record(two.id, two.candidate.utterances, "edit", "rosa", utterances=said))
    asyncio.run(record(three.id, three.candidate.utterances, "accept", "rosa"))
    database.close()

    def shown(name: str) -> str:
        return CliRunner().invoke(app, ["show", str(run), "--id", name]).output

    assert shown(one.id).splitlines()[-1] == "chosen by hand"
    assert shown(two.id).splitlines()[-1] == "edited by hand"
    assert shown(three.id).splitlines()[-1] == "chosen: won 4 of 6 votes"
    assert "won" not in shown(one.id) + shown(two.id)
