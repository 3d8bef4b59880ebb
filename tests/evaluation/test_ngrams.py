"""Agreement of distinct-n and self-BLEU with NLTK."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.evaluation.ngrams import distinct, self_bleu

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f"]), min_size=4, max_size=12)


@settings(max_examples=40)
@given(st.lists(WORDS, min_size=2, max_size=6))
def test_self_bleu_is_nltks(texts: list[list[str]]) -> None:
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    smooth = SmoothingFunction().method1
    expected = [
        sentence_bleu(texts[:i] + texts[i + 1 :], text, smoothing_function=smooth) for i, text in enumerate(texts)
    ]
    assert self_bleu(texts) == pytest.approx(sum(expected) / len(expected), abs=1e-9)


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=30), st.integers(1, 3))
def test_distinct_counts_as_nltk_does(words: list[str], n: int) -> None:
    from nltk.util import ngrams

    runs = list(ngrams(words, n))
    assert distinct(words, n) == (pytest.approx(len(set(runs)) / len(runs)) if runs else None)


def test_self_bleu_of_too_little_is_none() -> None:
    assert self_bleu([["a", "b", "c", "d"]]) is None
    assert self_bleu([["a"], ["b"]]) is None
    assert self_bleu([list("abcd")] * 3) == pytest.approx(1.0)
