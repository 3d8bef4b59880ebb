"""Spread of meaning: topics by a topic model, and the Vendi score of sentence vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from duologue.errors import UsageError
from duologue.evaluation.protocol import Described, Group
from duologue.evaluation.sample import until
from duologue.evaluation.view import View
from duologue.models.protocol import Floats

TOPICS = 20
VENDI_UTTERANCES = 1000


class _Spread(Described):
    group: Group = "diversity"
    direction = "higher"


class Vendi(_Spread):
    """Vendi score of the sentence vectors of 1,000 utterances of the sample: the exponential of the entropy of their
    similarity matrix's eigenvalues, the number of utterances that are in effect different.
    """

    name = "vendi"
    title = "Vendi score of 1,000 utterances"
    unit = "count"
    range = (1.0, float(VENDI_UTTERANCES))
    source = "Friedman and Dieng (2023), The Vendi Score"
    needs = frozenset(("embedder",))

    def used(self, views: Sequence[View]) -> Sequence[View]:
        """Those of the 1,000 utterances."""
        return until(views, VENDI_UTTERANCES, len)

    def figure(self, views: Sequence[View]) -> float | None:
        """None for fewer than 100 utterances."""
        if sum(map(len, views)) < 100:
            return None
        vectors: list[Floats] = []
        for view in views:
            vectors.extend(view.vectors)
            if len(vectors) >= VENDI_UTTERANCES:
                break
        return vendi(np.stack(vectors[:VENDI_UTTERANCES]))


def vendi(vectors: Floats) -> float:
    """The Vendi score of unit vectors under cosine similarity, in [1, rows]."""
    # The nonzero eigenvalues of the similarity matrix (rows x rows) are those of the smaller second-moment matrix.
    moment = vectors.T.astype(np.float64) @ vectors.astype(np.float64) / len(vectors)
    values = np.linalg.eigvalsh(moment)
    values = values[values > 1e-12]
    return float(np.exp(-np.sum(values * np.log(values))))


class TopicSpread(_Spread):
    """Number of topics that are in effect in use, of 20 that non-negative matrix factorisation finds in the sample's
    conversations (tf-idf of words): the exponential of the entropy of the topics' shares.
    """

    name = "topic_spread"
    title = "topics in use, of 20"
    unit = "count"
    range = (1.0, float(TOPICS))
    source = "topics by NMF (Lee and Seung, 1999), scikit-learn; arXiv 2312.10007 looks at topics by hand"

    def __init__(self) -> None:
        self._shares: dict[int, npt.NDArray[np.float64]] = {}

    def prepare(self, views: Sequence[View]) -> None:
        """Fit the topics once on the whole sample; halves of it are then read off."""
        texts = [" ".join(view.flat) for view in views]
        if len(texts) < 5 * TOPICS:
            return
        shares = topic_shares(texts, TOPICS)
        self._shares = {id(view): row for view, row in zip(views, shares, strict=True)}

    def figure(self, views: Sequence[View]) -> float | None:
        """None for samples of fewer than 100 conversations."""
        rows = [self._shares[id(view)] for view in views if id(view) in self._shares]
        if not rows:
            return None
        mean = np.mean(rows, axis=0)
        mean = mean[mean > 0]
        return float(np.exp(-np.sum(mean * np.log(mean))))


def topic_shares(texts: Sequence[str], topics: int) -> npt.NDArray[np.float64]:
    """Shares of the topics in each text, (texts, topics); rows sum to 1. Raises UsageError without scikit-learn."""
    try:
        from sklearn.decomposition import NMF
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError as error:
        raise needs_sklearn("topics") from error
    import warnings

    counts: Any = TfidfVectorizer(max_df=0.5, min_df=3, max_features=5000, stop_words="english", sublinear_tf=True)
    try:
        table = counts.fit_transform(texts)
    except ValueError:
        # No word is left: the texts all say the same, or nothing.
        return np.tile(np.eye(topics)[0], (len(texts), 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        # The error of a perfect fit may come out a rounding below 0.
        warnings.simplefilter("ignore", RuntimeWarning)
        model = NMF(min(topics, *table.shape), init="nndsvd", random_state=0, max_iter=150)
        found = np.asarray(model.fit_transform(table), dtype=np.float64)
    # Shares of the text that a topic explains: the topic's own size counts.
    found = found * np.asarray(model.components_.sum(axis=1))[None, :]
    total = found.sum(axis=1, keepdims=True)
    made: npt.NDArray[np.float64] = np.divide(
        found, total, out=np.full_like(found, 1.0 / found.shape[1]), where=total > 0
    )
    return made


def needs_sklearn(what: str) -> UsageError:
    """The error of a missing scikit-learn."""
    return UsageError(
        f"{what}: scikit-learn is not installed: pip install 'duologue[evaluate]', or leave the group out"
    )
