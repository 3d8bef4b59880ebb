"""Near-duplicates against all pairs compared exactly."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from duologue.evaluation.near import Signer, near_duplicates
from duologue.evaluation.view import View


def test_copies_are_found_and_others_are_not(make_view: Callable[..., View]) -> None:
    stream = random.Random(0)
    words = [f"w{i}" for i in range(400)]
    talks = [[" ".join(stream.choices(words, k=12)) for _ in range(10)] for _ in range(200)]
    copies = [list(talk) for talk in talks[:25]]
    for talk in copies:
        # One word of a hundred and twenty: about 0.95 in common.
        talk[3] = "new " + talk[3]
    half = [talks[50 + i][:5] + talks[100 + i][5:] for i in range(10)]
    signer = Signer()
    for talk in [*talks, *copies, *half]:
        signer.add(make_view(*talk))
    found = near_duplicates(signer.signatures())
    assert np.flatnonzero(found).tolist() == list(range(200, 225))


def test_only_what_comes_before_the_mark_counts(make_view: Callable[..., View]) -> None:
    signer = Signer()
    for text in ("a b c d e f", "q w e r t z", "a b c d e f", "n m k l p o", "n m k l p o"):
        signer.add(make_view(text))
    assert near_duplicates(signer.signatures()).tolist() == [False, False, True, False, True]
    assert near_duplicates(signer.signatures(), 2).tolist() == [False, False, True, False, False]


def test_a_copy_of_what_is_repeated_elsewhere_has_leaked() -> None:
    first = np.arange(1, 65, dtype=np.uint32)
    repeated, copied = first.copy(), first.copy()
    repeated[-9:] += 1000
    copied[-18:] += 1000
    signed = np.stack([first, repeated, copied])
    assert near_duplicates(signed[[1, 2]], 1).tolist() == [False, True]
    assert near_duplicates(signed[[0, 2]], 1).tolist() == [False, False]
    assert near_duplicates(signed, 2).tolist() == [False, False, True]


def test_conversations_without_words_are_alike_to_nothing(make_view: Callable[..., View]) -> None:
    signer = Signer()
    for text in ("...", "...", "hi"):
        signer.add(make_view(text))
    assert not near_duplicates(signer.signatures()).any()
    assert not near_duplicates(Signer().signatures()).any()
