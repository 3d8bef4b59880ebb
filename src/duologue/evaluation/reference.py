"""What is kept of the conversations that others are compared with: distributions, and the sample itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from duologue.evaluation.acts import ACTS
from duologue.evaluation.view import View

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reference:
    """The distributions of one data set's sample."""

    source: str
    lengths: tuple[int, ...]
    """Words of each utterance."""
    acts: tuple[float, ...]
    """Shares of :data:`~duologue.evaluation.acts.ACTS`."""
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
    """Shares of the dialogue acts, in the order of :data:`~duologue.evaluation.acts.ACTS`."""
    counts: Counter[str] = Counter()
    for view in views:
        counts.update(view.acts)
    total = max(1, counts.total())
    return [counts[act] / total for act in ACTS]
