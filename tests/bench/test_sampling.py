"""The texts that the embedded Generator learns from, and the places of them at which sampling settings are compared."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "training" / "generator"))
sys.path.insert(0, str(Path(__file__).parents[2]))

import tasks  # type: ignore[import-not-found, unused-ignore]
from bench.sampling import GRID, chosen, places

from duologue.models.registry import find

USERS = {
    "user_1": ["I have two brown dogs.", "I bake bread at night.", "I fly small planes."],
    "user_2": ["I keep bees.", "I paint old boats.", "I run marathons."],
}


def row(number: int) -> dict[str, Any]:
    said = ["Dogs, bread and planes!", "Bees for me.", "Do they sting?", "Never."]
    carried = [[0, 1, 2], [0], [], []]
    return {"id": f"c{number}", "source": "written", **USERS, "utterances": said, "carried": carried}


def test_a_note_names_one_attribute() -> None:
    draw = random.Random(0)
    notes = [tasks.turns(row(0), 1, None, draw)["parts"][0][1][1] for _ in range(40)]
    named = [note.partition("in your own words: ")[2].rstrip(")") for note in notes if "in your own words" in note]
    texts = [a for a in USERS["user_1"] for a in (a, a.lower().rstrip("."))]
    assert set(named) <= set(texts)
    assert len(set(named)) > 2


def test_openings_are_among_the_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = [n for n in range(400) if tasks.held_out(row(n))][:6]
    (tmp_path / "w.jsonl").write_text("\n".join(json.dumps(row(n)) for n in (*held, 401, 402)))
    arguments = ["tasks.py", str(tmp_path / "out"), "--written", str(tmp_path / "w.jsonl"), "--answers", "8"]
    monkeypatch.setattr(sys, "argv", arguments)
    tasks.main()
    found = list(places(tmp_path / "out" / "valid.jsonl"))
    assert {p.situation.speaker for p in found} == {1, 2}
    opening = next(p for p in found if not p.situation.said)
    assert opening.messages[-1].content.startswith("Say something to begin")
    some = chosen(found, 6)
    assert len(some) == 6
    assert any(not p.situation.said for p in some)
    assert {p.situation.speaker for p in some} == {1, 2}
    assert len(chosen(found, 10_000)) == len(found)


def test_the_grid_holds_what_ships() -> None:
    settings = find("default").settings
    shipped = settings.get("generator", {}).get("sampling") or settings["model"]["sampling"]
    assert {"top_p": 1.0, **shipped} in [{"top_p": 1.0, **one} for one in GRID]
