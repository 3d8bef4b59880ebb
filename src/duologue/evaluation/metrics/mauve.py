"""MAUVE: how far the sample's utterances and the reference's lie apart, as areas of meaning that both use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from duologue.evaluation.protocol import Group
from duologue.evaluation.sized import Sized
from duologue.evaluation.topics import needs_sklearn
from duologue.evaluation.view import View

SCALE = 5.0
"""Scaling constant of the divergences, as its authors use it."""
_POINTS = 200
_VARIANCE = 0.9
_MOST_BUCKETS = 500
Array = npt.NDArray[np.float64]


class Mauve(Sized):
    """MAUVE of the sample's utterances against the reference's: sentence vectors of both are put into buckets by k-means
    (a tenth as many as utterances, at most 500, after a projection that keeps nine tenths of the variance), and the value
    is the area under the curve of exp(-5 KL) of both histograms to their mixtures; 1 for the same distribution.
    """

    group: Group = "likeness"
    name = "mauve"
    title = "MAUVE to the reference"
    unit = "score"
    direction = "higher"
    source = "Pillutla et al. (2021), MAUVE, with our sentence vectors in place of a language model's"
    needs = frozenset(("embedder",))
    counted = "utterances"
    least = 1000
    whole_too = False
    """Other utterances need other buckets."""
    one_part = True
    """The buckets are made of what is read."""

    def __init__(self) -> None:
        super().__init__()
        self._bucket: dict[int, npt.NDArray[np.int64]] = {}
        self._reference: Array | None = None

    def size(self, view: View) -> int:
        """Its utterances."""
        return len(view)

    def prepare(self, views: Sequence[View]) -> None:
        """Find the buckets once, on what is read and the reference; halves of it are then read off."""
        reference = views[0].roles.reference if views else None
        if reference is None or not reference.views or sum(map(len, views)) < 500:
            return
        ours = [view.vectors for view in views]
        theirs = np.concatenate([view.vectors for view in reference.views])
        labels, buckets = quantise(np.concatenate([*ours, theirs]), min(sum(map(len, ours)), len(theirs)))
        start = 0
        for view, held in zip(views, ours, strict=True):
            self._bucket[id(view)] = labels[start : start + len(held)]
            start += len(held)
        self._reference = histogram(labels[start:], buckets)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None without a reference, or for a sample of fewer than 500 utterances."""
        if self._reference is None:
            return None
        held = np.concatenate([self._bucket[id(view)] for view in views])
        return mauve(histogram(held, len(self._reference)), self._reference)


def quantise(vectors: npt.NDArray[np.floating], smaller: int) -> tuple[npt.NDArray[np.int64], int]:
    """(bucket of each row, number of buckets), where the smaller of the two sets has ``smaller`` rows.

    Raises UsageError without scikit-learn.
    """
    try:
        from sklearn.cluster import KMeans
        from sklearn.decomposition import PCA
    except ImportError as error:
        raise needs_sklearn("MAUVE") from error
    flat = PCA(n_components=_VARIANCE, svd_solver="full").fit_transform(vectors.astype(np.float64))
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)
    buckets = max(2, min(_MOST_BUCKETS, round(smaller / 10)))
    labels = KMeans(buckets, n_init=2, random_state=0).fit_predict(flat)
    return np.asarray(labels, dtype=np.int64), buckets


def histogram(labels: npt.NDArray[np.int64], buckets: int) -> Array:
    """Shares of the buckets, (buckets,)."""
    return np.bincount(labels, minlength=buckets).astype(np.float64) / max(1, len(labels))


def mauve(first: Array, second: Array, scale: float = SCALE) -> float:
    """The area under (exp(-scale KL(second | R)), exp(-scale KL(first | R))) over the mixtures R of both, in [0, 1]."""
    # Dense near both ends, where the curve bends most.
    share = (1.0 - np.cos(np.linspace(0.0, np.pi, _POINTS))) / 2.0
    share = share[1:-1, None]
    mixed = share * first + (1.0 - share) * second
    x = np.exp(-scale * _divergence(second, mixed))
    y = np.exp(-scale * _divergence(first, mixed))
    x, y = np.concatenate([[1.0], x, [0.0]]), np.concatenate([[0.0], y, [1.0]])
    return float(np.sum((x[:-1] - x[1:]) * (y[:-1] + y[1:]) / 2.0))


def _divergence(p: Array, mixed: Array) -> Array:
    """KL(p | R) in nats for every row R of ``mixed``; R is positive wherever p is."""
    held = p > 0
    found: Array = np.sum(p[held] * np.log(p[held] / mixed[:, held]), axis=1)
    return found
