"""Clean conversations made by rule, to plant defects in."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson
import pytest

from duologue.config.sections import SmallModelsConfig
from duologue.datasets.records import Dialogue, Provenance, Utterance
from duologue.evaluation import Options, Sizes
from duologue.evaluation.view import Roles, View
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli, ScriptedToxicity

Row = dict[str, object]

THINGS = [
    "violin", "sailing", "pottery", "chess", "gardening", "karate", "baking", "climbing", "astronomy", "knitting", "fencing", "surfing",
    "origami", "cycling", "painting", "archery", "skating", "fishing", "juggling", "drumming",
]  # fmt: skip
PLACES = [
    "Lisbon", "Denver", "Oslo", "Nairobi", "Quebec", "Kyoto", "Madrid", "Boston", "Prague", "Dublin", "Seattle", "Lima",
    "Athens", "Cairo", "Geneva", "Havana", "Krakow", "Manila", "Perth", "Tunis",
]  # fmt: skip
PETS = ["parrot", "rabbit", "spaniel", "tortoise", "hamster", "pony", "gecko", "goldfish", "ferret", "canary"]


def make_rows(n: int = 120, seed: int = 0) -> list[Row]:
    """``n`` clean rows: ten utterances each, different from each other, both users telling of all they are."""
    stream = random.Random(seed)
    rows: list[Row] = []
    for index in range(n):
        (one, two), (here, there), (pet, animal) = (stream.sample(words, 2) for words in (THINGS, PLACES, PETS))
        day, year = index + 100, 1000 + index
        profiles = (
            [f"I practise {one} every week.", f"My home is in {here}.", f"My {pet} is called Number{day}."],
            [f"I practise {two} every week.", f"My home is in {there}.", f"My {animal} is called Code{year}."],
        )
        said = [
            f"Hello from guest {day}, how was your morning?",
            f"Good, I went to {two} practise at {year} with friends.",
            f"Nice! Each week I find time for {one}, practise number {day}.",
            f"Where do you have your home, visitor {day}?",
            f"My street is in the old part of {here}, at house {day}.",
            f"Lovely. I bought a home near the river in {there} for {year} coins.",
            f"Do you keep animals over there in street {day}?",
            f"Yes, my {animal} answers to the called name Code{year} only.",
            f"Funny, my {pet} hears Number{day} when called for food.",
            f"We should meet at gate {year} some day, bye!",
        ]
        rows.append({"id": f"r{index}", "user_1": profiles[0], "user_2": profiles[1], "utterances": said})
    return rows


@pytest.fixture(scope="session")
def clean_rows() -> Callable[..., list[Row]]:
    """Makes clean rows; see :func:`make_rows`."""
    return make_rows


@pytest.fixture(scope="session")
def write_rows() -> Callable[[Path, Sequence[Row]], Path]:
    """Writes rows as JSON lines."""

    def write(path: Path, rows: Sequence[Row]) -> Path:
        path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        return path

    return write


@pytest.fixture(scope="session")
def scripted_options() -> Callable[..., Options]:
    """Options with scripted small models."""

    def make(**changes: object) -> Options:
        models = SmallModelsConfig.model_validate(dict.fromkeys(("embedder", "nli", "toxicity"), "scripted"))
        return Options(models=models, sizes=Sizes(400, 400, 6), **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def scripted_roles() -> Roles:
    """Scripted small models."""
    return Roles(ScriptedEmbedder(), ScriptedNli(), ScriptedToxicity())


@pytest.fixture(scope="session")
def make_view(scripted_roles: Roles) -> Callable[..., View]:
    """Makes a view of utterances in turn, with profiles."""

    def make(*said: str, one: Sequence[str] = (), two: Sequence[str] = (), id_: str = "x") -> View:
        utterances = tuple(Utterance(1 if i % 2 == 0 else 2, text) for i, text in enumerate(said))
        dialogue = Dialogue(id_, tuple(one), tuple(two), utterances, "", Provenance("x", "test", 1))
        return View(dialogue, scripted_roles)

    return make
