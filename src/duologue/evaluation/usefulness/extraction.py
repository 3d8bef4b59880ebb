"""Profile extraction (paper, table 13): which attributes are a user's, among 25 false ones, from what is said."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from duologue.evaluation.topics import needs_sklearn
from duologue.evaluation.usefulness.items import TooLittle
from duologue.evaluation.view import SPEAKERS, View
from duologue.records import Speaker
from duologue.text import content_words

DISTRACTORS = 25
Side = Literal["own", "partner"]
"""Whose turns are read: the user's own, or the partner's."""
Array = npt.NDArray[np.float64]


class Extractor:
    """Logistic regression over how near an attribute comes to the turns, by vectors and by words; trained on users of the
    training conversations, with the threshold that gives the best F there. Raises UsageError without scikit-learn,
    TooLittle where nobody with a profile is heard or too few attributes are another's; users for whom that holds are left out.
    """

    def __init__(self, train: Sequence[View], side: Side, *, seed: int) -> None:
        try:
            from sklearn.linear_model import LogisticRegression
        except ImportError as error:
            raise needs_sklearn("usefulness") from error
        self._side = side
        self._seed = seed
        self._pool = list(dict.fromkeys((view, i) for view in train for i in range(len(view.attributes))))
        rows, right = self._rows(train)
        if not len(rows):
            if any(self._users(train)):
                raise TooLittle(f"no user for whom there are {DISTRACTORS} attributes of other users to tell apart")
            raise TooLittle(
                f"no user with a profile whose {'own' if side == 'own' else 'partner’s'} turns could be read"
            )
        self._model: Any = LogisticRegression(class_weight="balanced", max_iter=300).fit(rows, right)
        scores = self._model.decision_function(rows)
        self._threshold = _best_threshold(scores, right)

    def measure(self, view: View) -> tuple[float, float] | None:
        """(2 TP, 2 TP + FP + FN) over both users, so that the ratio of sums is F; None without profiles."""
        rows, right = self._rows([view])
        if not len(rows):
            return None
        picked = self._model.decision_function(rows) >= self._threshold
        both = float(np.sum(picked & right))
        return 2 * both, float(picked.sum() + right.sum())

    def _rows(self, views: Sequence[View]) -> tuple[Array, npt.NDArray[np.bool_]]:
        rows: list[Array] = []
        right: list[npt.NDArray[np.bool_]] = []
        for view, speaker, said, own in self._users(views):
            distractors = self._distractors(view, speaker)
            if len(distractors) < DISTRACTORS:
                continue
            texts = [view.attributes[i][1] for i in own]
            vectors = [view.attribute_vectors[i] for i in own]
            for other, index in distractors:
                texts.append(other.attributes[index][1])
                vectors.append(other.attribute_vectors[index])
            near = np.sort(np.stack(vectors) @ view.vectors[said].T, axis=1)
            words = {w for i in said for w in content_words(view.texts[i])}
            shares = [_share(text, words) for text in texts]
            second = near[:, -2] if near.shape[1] > 1 else near[:, -1]
            rows.append(np.stack([near[:, -1], second, near.mean(axis=1), shares], axis=1).astype(np.float64))
            right.append(np.arange(len(texts)) < len(own))
        if not rows:
            return np.zeros((0, 4)), np.zeros(0, dtype=np.bool_)
        return np.concatenate(rows), np.concatenate(right)

    def _users(self, views: Sequence[View]) -> Iterator[tuple[View, Speaker, list[int], list[int]]]:
        """Users with a profile, the utterances that are read for them, and their attributes."""
        for view in views:
            for speaker in SPEAKERS:
                reads = speaker if self._side == "own" else 3 - speaker
                said = [i for i, u in enumerate(view.dialogue.utterances) if u.speaker == reads]
                own = [i for i, (s, _) in enumerate(view.attributes) if s == speaker]
                if said and own:
                    yield view, speaker, said, own

    def _distractors(self, view: View, speaker: int) -> list[tuple[View, int]]:
        stream = random.Random(f"{self._seed}/{view.dialogue.id}/{speaker}/distractors")
        held = {text for _, text in view.attributes}
        found: list[tuple[View, int]] = []
        for _ in range(20 * DISTRACTORS):
            if len(found) == DISTRACTORS:
                break
            other, index = self._pool[stream.randrange(len(self._pool))]
            text = other.attributes[index][1]
            if text not in held:
                held.add(text)
                found.append((other, index))
        return found


def _share(text: str, words: set[str]) -> float:
    held = set(content_words(text))
    return len(held & words) / len(held) if held else 0.0


def _best_threshold(scores: Array, right: npt.NDArray[np.bool_]) -> float:
    order = np.argsort(-scores)
    hits = np.cumsum(right[order])
    f = 2 * hits / (np.arange(1, len(order) + 1) + right.sum())
    return float(scores[order][int(np.argmax(f))])
