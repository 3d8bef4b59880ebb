"""The small logistic models: reading, probabilities, what ships."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.conversations.critic.evidence import own_words, swaps
from duologue.conversations.critic.evidence.heads import Head, shipped_heads

HEAD = Head(("a", "b"), ("no", "yes"), (1.0, 0.0), (2.0, 1.0), ((0.0, 0.0), (2.0, -1.0)), (0.0, 0.5))


def test_probabilities_are_a_softmax_of_standardised_features() -> None:
    (row,) = HEAD.probabilities([{"a": 3.0, "b": 1.0, "unused": 9.0}])
    assert row[1] == pytest.approx(1 / (1 + np.exp(-1.5)))
    assert row.sum() == pytest.approx(1.0)
    assert HEAD.probabilities([]).shape == (0, 2)


def test_a_missing_feature_is_an_error() -> None:
    with pytest.raises(KeyError):
        HEAD.probabilities([{"a": 1.0}])


def test_the_shipped_heads_have_the_classes_and_features_in_use() -> None:
    heads = shipped_heads()
    assert set(heads.cell.classes) == {"supported", "contradicted", "neutral"}
    assert set(heads.swap.classes) == {"neutral", "swap"}
    assert set(heads.own.classes) == {"consistent", "contradicted"}
    assert set(heads.swap.features) <= set(swaps.FEATURES)
    assert set(heads.own.features) <= set(own_words.FEATURES)
    for head in (heads.cell, heads.swap, heads.own):
        assert len(head.weights) == len(head.bias) == len(head.classes)
        assert all(len(row) == len(head.features) == len(head.mean) == len(head.scale) for row in head.weights)
