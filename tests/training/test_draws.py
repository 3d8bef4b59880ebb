"""``training/generator/draws.py`` must show a place as the Generator prompted it, or adapters learn prompts nobody sends."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from duologue.backends.protocol import Answer, Features, Request, Sampling
from duologue.config.sections import CriticConfig, GeneratorConfig
from duologue.conversations.generator.protocol import GeneratorContext, Task
from duologue.conversations.generator.turns import TurnsGenerator
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli
from duologue.records import Attribute, Pair, Profile

FOLDER = Path(__file__).parents[2] / "training" / "generator"
BAKER = Profile.of((Attribute.of("I bake bread at night."), Attribute.of("I own a grey parrot.")))
PILOT = Profile.of((Attribute.of("I fly small planes."), Attribute.of("I collect rusty keys.")))


@pytest.fixture(scope="module")
def draws() -> Any:
    sys.path.insert(0, str(FOLDER))
    try:
        import draws  # type: ignore[import-not-found, unused-ignore]
    finally:
        sys.path.remove(str(FOLDER))
    return draws


SAID = (
    "We bake bread at night.",
    "Small planes fly over it.",
    "My grey parrot sings loudly.",
    "Rusty keys hang on our wall.",
    "Ovens need a long sleep.",
    "Clouds look thick today.",
)


class Answers:
    """A Caller that says ``SAID`` and remembers what it was asked."""

    model = "stand-in"
    features = Features()

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def call(self, request: Request) -> Answer:
        self.requests.append(request)
        return Answer(SAID[len(self.requests) - 1])


def test_a_place_is_shown_as_the_generator_prompted_it(draws: Any) -> None:
    caller = Answers()
    config = GeneratorConfig.model_validate({"plan": True, "examples": 0, "turn_retries": 0})
    context = GeneratorContext(caller, config, Sampling(), CriticConfig(), ScriptedEmbedder(), ScriptedNli())
    task = Task(Pair("p-1", 0, BAKER, PILOT), 1, 0, 0, (), (6, 6), 7)
    asyncio.run(TurnsGenerator(context).generate(task))
    noted = 0
    for request in caller.requests:
        sent = [m.content for m in request.messages]
        said, notes = draws._said(sent)
        own = (BAKER, PILOT)[len(said) % 2]
        row = {"own": [a.text for a in own.attributes], "said": list(said), "notes": notes}
        assert draws.messages(row) == [[m.role, m.content] for m in request.messages]
        assert sent[0].rpartition(draws.PROFILE)[2] == draws.bullets(row["own"])
        noted += len(notes)
    assert noted


@pytest.mark.parametrize("path", sorted(FOLDER.glob("marked_draws*.jsonl")), ids=lambda path: path.stem)
def test_the_marked_draws_have_a_mark_each(draws: Any, path: Path) -> None:
    rows = draws.read(path)
    assert len({(tuple(r["own"]), tuple(r["said"]), str(r["notes"])) for r in rows}) == len(rows)
    for row in rows:
        assert draws.LEAST <= len(row["draws"]) == len(row["marks"]) == len(set(row["draws"]))
        assert all(1 <= mark <= 5 for mark in row["marks"])
        assert row["reply"].strip()
        assert len(row.get("sure", row["draws"])) == len(row["draws"])
    assert 0 < sum(map(draws.held_out, rows)) < len(rows)
