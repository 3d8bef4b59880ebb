"""bench/own_contradictions.py, with a model that says what it is told."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from duologue.errors import UsageError
from duologue.models.protocol import Floats
from duologue.models.scripted import ScriptedEmbedder

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from figures import Talk  # type: ignore[import-not-found, unused-ignore]
from own_contradictions import ROW, add, contradictions, load, sentences  # type: ignore[import-not-found, unused-ignore]

DOGS, PLANES = "I have two dogs.", "I fly planes."
TALK = Talk(((DOGS,), (PLANES,)), ((1, "Hello. I have no dogs!"), (2, "I have no dogs."), (1, "No dogs?"), (2, "Yes.")))


class Told:
    """Finds a contradiction, of probability 0.9, in the pairs that it is given, in that direction alone."""

    name = "told"

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.pairs = pairs

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        rows = [(0.05, 0.05, 0.9) if pair in self.pairs else (0.1, 0.9, 0.0) for pair in pairs]
        return np.array(rows, dtype=np.float64).astype(np.float32)


@pytest.mark.parametrize("pair", [("I have no dogs!", DOGS), (DOGS, "I have no dogs!")])
def test_both_directions_count_for_the_own_profile_alone(pair: tuple[str, str]) -> None:
    assert contradictions([TALK], Told(pair), 0.85) == 25.0
    assert contradictions([TALK], Told(pair), 0.95) == 0.0
    # The partner's attribute is none of theirs, and a question denies nothing.
    assert contradictions([TALK], Told(("I have no dogs.", DOGS), ("No dogs?", DOGS)), 0.85) == 0.0


def test_a_slow_model_is_asked_about_near_pairs_with_the_attribute_first() -> None:
    near = ScriptedEmbedder()
    assert contradictions([TALK], Told((DOGS, "I have no dogs!")), 0.85, near=near) == 25.0
    assert contradictions([TALK], Told(("I have no dogs!", DOGS), (DOGS, "Hello.")), 0.85, near=near) == 0.0
    assert (
        contradictions([Talk((("I bake.",), ()), ((1, "Zebras!"),))], Told(("I bake.", "Zebras!")), 0.85, near=near)
        == 0.0
    )


def test_a_sample_of_each_column_is_read() -> None:
    columns: dict[str, dict[str, float]] = {"here": {}}
    quiet = Talk(((DOGS,), (PLANES,)), ((1, "I have no dogs!"), (2, "Fine.")))
    add(columns, {"here": [TALK, quiet]}, Told((DOGS, "I have no dogs!")), most=1)
    assert columns["here"][ROW] in (25.0, 50.0)


def test_every_column_gets_the_row() -> None:
    columns: dict[str, dict[str, float]] = {"here": {}, "spc": {}}
    add(columns, {"here": [TALK], "spc": []}, load("scripted"))
    assert set(columns["here"]) == set(columns["spc"]) == {ROW}
    assert sentences("Hm... I bake. Do you? !") == ["Hm...", "I bake."]


def test_the_critics_own_model_is_refused() -> None:
    with pytest.raises(UsageError, match="--nli: builtin is the Critic's own"):
        load("builtin")
