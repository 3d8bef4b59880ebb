"""What is kept of the conversations that others are compared with: distributions, and the sample itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from duologue.conversations.critic.guards.courtesy import is_courtesy, takes_leave
from duologue.evaluation.view import View
from duologue.text import first_person, is_question, normalise, sentences

Array = npt.NDArray[np.float64]

ACTS = ("greeting", "goodbye", "question", "answer", "agreement", "statement about oneself", "other statement")


@dataclass(frozen=True, slots=True)
class Reference:
    """The distributions of one data set's sample."""

    source: str
    lengths: tuple[int, ...]
    """Words of each utterance."""
    acts: tuple[float, ...]
    """Shares of :data:`ACTS`."""
    mean: Array | None
    """Mean of the utterances' vectors, (dimensions,); None when no embedder was loaded."""
    covariance: Array | None
    """Their covariance, (dimensions, dimensions)."""
    views: tuple[View, ...] = ()
    """The sample itself, which models are tried on."""


def make_reference(source: str, views: Sequence[View]) -> Reference:
    """Keep the distributions of these conversations."""
    mean = covariance = None
    if views and views[0].roles.embedder is not None:
        mean, covariance = moments(views)
    return Reference(source, tuple(lengths(views)), tuple(act_shares(views)), mean, covariance, tuple(views))


def lengths(views: Sequence[View]) -> list[int]:
    """Words of each utterance."""
    return [len(words) for view in views for words in view.words]


def moments(views: Sequence[View]) -> tuple[Array, Array]:
    """Mean and covariance of the utterances' vectors."""
    vectors = np.concatenate([view.vectors for view in views]).astype(np.float64)
    return vectors.mean(axis=0), np.cov(vectors, rowvar=False)


def root(covariance: Array) -> Array:
    """The symmetric root of a covariance."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T)


def act_shares(views: Sequence[View]) -> list[float]:
    """Shares of the dialogue acts, in the order of :data:`ACTS`."""
    counts: Counter[str] = Counter()
    for view in views:
        counts.update(acts(view))
    total = max(1, counts.total())
    return [counts[act] / total for act in ACTS]


def acts(view: View) -> list[str]:
    """The act of each utterance, by rule: the first of :data:`ACTS` that fits."""
    found: list[str] = []
    asked = False
    for text in view.texts:
        parts = sentences(text)
        ends = bool(parts) and is_question(parts[-1])
        if takes_leave(text):
            found.append("goodbye")
        elif ends:
            found.append("question")
        elif is_courtesy(text):
            found.append("greeting")
        elif asked:
            found.append("answer")
        elif normalise(text).startswith(_AGREEING):
            found.append("agreement")
        elif first_person(text):
            found.append("statement about oneself")
        else:
            found.append("other statement")
        asked = ends
    return found


_AGREEING = (
    "yes",
    "yeah",
    "yep",
    "sure",
    "me too",
    "same here",
    "i agree",
    "that's true",
    "true",
    "right",
    "exactly",
    "of course",
)
