"""Two models that choose the next utterance: tf-idf retrieval, and a small ranker trained on sentence vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from duologue.evaluation.topics import needs_sklearn
from duologue.evaluation.usefulness.items import Item, Mode, TooLittle, items
from duologue.evaluation.view import View
from duologue.text import words

Array = npt.NDArray[np.float64]
NEGATIVES = 5
"""Choices of a training item, the right one among them."""
TRAINED = 3000
"""Most training items; 5 rows each."""


class Ranker(Protocol):
    """Scores the choices of an item; higher is likelier."""

    def scores(self, item: Item, mode: Mode) -> Array:
        """Return an array (choices,)."""
        ...


class Retrieval:
    """The paper's IR baseline: cosine of tf-idf vectors between what is seen (context and profile) and each choice.

    Word weights come from the training conversations. Raises UsageError without scikit-learn, TooLittle where the
    conversations hold no word.
    """

    name = "IR"

    def __init__(self, train: Sequence[View]) -> None:
        try:
            from sklearn.feature_extraction.text import TfidfVectorizer
        except ImportError as error:
            raise needs_sklearn("usefulness") from error
        self._words: Any = TfidfVectorizer(sublinear_tf=True, tokenizer=words, token_pattern=None, lowercase=False)
        texts = [text for view in train for text in (*view.texts, *(t for _, t in view.attributes))]
        if not any(map(words, texts)):
            raise TooLittle("the conversations hold no words")
        self._words.fit(texts)

    def scores(self, item: Item, mode: Mode) -> Array:
        """See the Protocol."""
        seen = [item.view.texts[i] for i in item.context] + [item.view.attributes[i][1] for i in item.profile(mode)]
        table = self._words.transform([" ".join(seen), *(c.text for c in item.choices)])
        return np.asarray((table[1:] @ table[0].T).todense(), dtype=np.float64).ravel()


class VectorRanker:
    """Logistic regression on sentence vectors, trained to tell the right choice from four others.

    Features of a choice: the products of its vector with that of the last utterance, cosines to the utterances before,
    and for each profile that is seen the greatest and the mean cosine to its attributes and the products with the
    nearest one. One model per mode. Raises UsageError without scikit-learn, TooLittle where no utterance has enough others
    beside it.
    """

    name = "ranker"

    def __init__(self, train: Sequence[View], modes: Sequence[Mode], *, seed: int) -> None:
        try:
            from sklearn.linear_model import LogisticRegression
            from sklearn.preprocessing import StandardScaler
        except ImportError as error:
            raise needs_sklearn("usefulness") from error
        training = items(train, seed=seed, choices=NEGATIVES, most=TRAINED)
        if not training:
            raise TooLittle(
                f"no utterance of two words has {NEGATIVES - 1} different ones of other conversations beside it"
            )
        self._models: dict[Mode, tuple[Any, Any]] = {}
        right = np.tile(np.arange(NEGATIVES) == 0, len(training))
        for mode in modes:
            rows = np.concatenate([_features(item, mode) for item in training])
            scale = StandardScaler().fit(rows)
            # A strong penalty: there are about as many features as a small data set has items.
            model = LogisticRegression(C=0.003, max_iter=200).fit(scale.transform(rows), right)
            self._models[mode] = (scale, model)

    def scores(self, item: Item, mode: Mode) -> Array:
        """See the Protocol."""
        scale, model = self._models[mode]
        return np.asarray(model.decision_function(scale.transform(_features(item, mode))), dtype=np.float64)


def _features(item: Item, mode: Mode) -> Array:
    vectors = item.view.vectors
    choices = np.stack([c.view.vectors[c.index] for c in item.choices]).astype(np.float64)
    last = vectors[item.context[-1]]
    parts = [choices * last * len(last)]
    cosines = [choices @ vectors[i] for i in item.context[-2:]]
    parts += [np.stack([cosines[-1], cosines[0] if len(cosines) > 1 else np.zeros(len(choices))], axis=1)]
    for whose, owner in (("own", item.speaker), ("partner", 3 - item.speaker)):
        if mode not in (whose, "both"):
            continue
        rows = [i for i, (s, _) in enumerate(item.view.attributes) if s == owner]
        if not rows:
            parts += [np.zeros((len(choices), 2)), np.zeros_like(choices)]
            continue
        held = item.view.attribute_vectors[rows].astype(np.float64)
        near = choices @ held.T
        nearest = held[near.argmax(axis=1)]
        parts += [np.stack([near.max(axis=1), near.mean(axis=1)], axis=1), choices * nearest * held.shape[1]]
    return np.concatenate(parts, axis=1)
