"""The small models that check text: one Protocol each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Turns sentences into vectors."""

    name: str

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return an array (len(texts), dimensions) of unit-length rows; (0, dimensions) for no texts."""
        ...


class Nli(Protocol):
    """Natural language inference."""

    name: str

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Return an array (len(pairs), 3) of probabilities: entailment, neutral, contradiction.

        Each pair is (premise, hypothesis). Rows sum to 1.
        """
        ...


class Toxicity(Protocol):
    """Toxicity of single texts."""

    name: str

    def score(self, texts: Sequence[str]) -> Floats:
        """Return an array (len(texts),) of probabilities in [0, 1]; 1 is surely toxic."""
        ...
