"""The small models that check text: one Protocol each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

AGREEMENT = "agreement"
"""The kind of toxicity that lies in siding with something toxic."""


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


class Fit(Protocol):
    """How well a response follows what was said before it."""

    name: str

    def score(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Return an array (len(pairs),) of probabilities in [0, 1] that the response fits its context.

        Each pair is (context, response); ``models.nli.fit_context`` makes the context of the utterances before.
        """
        ...


@dataclass(frozen=True, slots=True)
class ToxicityRating:
    """What a toxicity model says of one utterance where it stands."""

    score: float
    """Probability in [0, 1] that it is toxic, by itself or as an answer to what was said before it."""
    category: str
    """The likeliest kind, whatever the score; each model has its own. ``agreement`` is an utterance that sides with
    something toxic said before it. Empty where the model knows no kinds."""
    attributes: tuple[tuple[str, float], ...] = ()
    """Score in [0, 1] of each kind that the model knows, in the model's order."""

    @property
    def agrees(self) -> bool:
        """True when the utterance's likeliest fault is that it sides with the one before it."""
        return self.category == AGREEMENT


class Toxicity(Protocol):
    """Toxicity of utterances, each by itself or after the utterance before it."""

    name: str

    def score(self, texts: Sequence[str], before: Sequence[str] | None = None) -> Floats:
        """Return an array (len(texts),) of probabilities in [0, 1]; 1 is surely toxic.

        ``before[i]`` is the utterance before ``texts[i]``, empty where there is none; None for none at all.
        """
        ...

    def rate(self, texts: Sequence[str], before: Sequence[str] | None = None) -> tuple[ToxicityRating, ...]:
        """Like :meth:`score`, with the kind of toxicity and the score of each kind."""
        ...
