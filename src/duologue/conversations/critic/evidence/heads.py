"""Small logistic models that turn what words, vectors and inference say into probabilities; trained by ``training/critic``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import orjson

from duologue.errors import ModelError
from duologue.models.protocol import Floats


@dataclass(frozen=True, slots=True)
class Head:
    """A softmax over ``classes`` of standardised features; every weight can be read, so every score can be explained."""

    features: tuple[str, ...]
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    """One row a class."""
    bias: tuple[float, ...]

    def probabilities(self, rows: Sequence[Mapping[str, float]]) -> Floats:
        """Return an array (len(rows), len(classes)); rows sum to 1. Raises KeyError when a feature is missing."""
        if not rows:
            return np.zeros((0, len(self.classes)), dtype=np.float32)
        x = np.array([[row[name] for name in self.features] for row in rows], dtype=np.float64)
        logits = (x - np.array(self.mean)) / np.array(self.scale) @ np.array(self.weights).T + np.array(self.bias)
        logits -= logits.max(axis=1, keepdims=True)
        odds = np.exp(logits)
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Head:
        """Read a head as ``training/critic/fit.py`` writes it. Raises KeyError or TypeError for anything else."""
        return cls(
            tuple(data["features"]),
            tuple(data["classes"]),
            tuple(map(float, data["mean"])),
            tuple(map(float, data["scale"])),
            tuple(tuple(map(float, row)) for row in data["weights"]),
            tuple(map(float, data["bias"])),
        )


@dataclass(frozen=True, slots=True)
class Heads:
    """The three models of the evidence matrix."""

    cell: Head
    """An utterance beside an attribute of its speaker: supported, contradicted, neutral."""
    swap: Head
    """A claim beside an attribute of the partner: neutral, swap."""
    own: Head
    """Two claims of one speaker: consistent, contradicted."""


@cache
def shipped_heads() -> Heads:
    """The heads that ship with duologue. Raises ModelError when the file is damaged."""
    path = resources.files("duologue").joinpath("weights", "evidence", "heads.json")
    try:
        data = orjson.loads(path.read_bytes())
        return Heads(*(Head.of(data[name]) for name in ("cell", "swap", "own")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"weights/evidence/heads.json can't be read ({type(error).__name__}); install duologue anew"
        ) from error
