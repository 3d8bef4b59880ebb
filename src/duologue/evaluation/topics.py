"""Topics that all data sets of a report share, so that one which knows fewer of them shows it.

Topics found in each data set by itself would part a narrow one as finely as a wide one, and both would seem to use all.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from duologue.errors import UsageError
from duologue.evaluation.view import View

TOPICS = 20
LEAST = 5 * TOPICS
"""Fewest conversations that topics are found in."""
FEW = 200
"""So many conversations of a data set are looked at for topics even where another one has fewer."""
WORDS = 8
"""Words that a topic is named by."""
Shares = npt.NDArray[np.float64]


class Topics:
    """Topics by non-negative matrix factorisation (Lee and Seung, 1999) of tf-idf of words, by scikit-learn.

    ``words``: of each topic those that weigh most, heaviest first; empty where the texts all say the same, or nothing.
    """

    def __init__(self, texts: Sequence[str], topics: int = TOPICS) -> None:
        """Find the topics of these texts. Raises UsageError without scikit-learn."""
        try:
            from sklearn.decomposition import NMF
            from sklearn.feature_extraction.text import TfidfVectorizer
        except ImportError as error:
            raise needs_sklearn("topics") from error
        self.words: tuple[tuple[str, ...], ...] = ()
        self._counts: Any = TfidfVectorizer(
            max_df=0.5, min_df=3, max_features=5000, stop_words="english", sublinear_tf=True
        )
        try:
            table = self._counts.fit_transform(texts)
        except ValueError:
            # No word is left.
            return
        self._model: Any = NMF(min(topics, *table.shape), init="nndsvd", random_state=0, max_iter=150)
        with _quiet():
            self._model.fit(table)
        names = self._counts.get_feature_names_out()
        self.words = tuple(
            tuple(str(names[i]) for i in np.argsort(-row, kind="stable")[:WORDS] if row[i] > 0)
            for row in self._model.components_
        )

    def shares(self, texts: Sequence[str]) -> Shares:
        """The topics' shares of each text, (texts, topics); rows sum to 1. Texts of no known word have all in equal parts."""
        if not self.words:
            return np.ones((len(texts), 1))
        with _quiet():
            found = np.asarray(self._model.transform(self._counts.transform(texts)), dtype=np.float64)
        # Shares of the text that a topic explains: the topic's own size counts.
        found = found * np.asarray(self._model.components_.sum(axis=1))[None, :]
        total = found.sum(axis=1, keepdims=True)
        made: Shares = np.divide(found, total, out=np.full_like(found, 1.0 / found.shape[1]), where=total > 0)
        return made


@contextmanager
def _quiet() -> Iterator[None]:
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        # The error of a perfect fit may come out a rounding below 0.
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def shared_topics(samples: Sequence[Sequence[View]]) -> Topics | None:
    """The topics of all these samples together; None for fewer than 100 conversations. Raises UsageError without scikit-learn.

    As many conversations of each, so that none has the topics to itself: those of the smallest, but up to 200.
    """
    held = [views for views in samples if views]
    size = max(FEW, min(map(len, held), default=0))
    # The reference may be one of the data sets.
    texts = list(dict.fromkeys(text_of(view) for views in held for view in views[:size]))
    return Topics(texts) if len(texts) >= LEAST else None


def text_of(view: View) -> str:
    """What topics are found in."""
    return " ".join(view.flat)


def needs_sklearn(what: str) -> UsageError:
    """The error of a missing scikit-learn."""
    return UsageError(
        f"{what}: scikit-learn is not installed: pip install 'duologue[evaluate]', or leave the group out"
    )
