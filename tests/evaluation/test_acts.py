"""Tests of dialogue acts by rule."""

from __future__ import annotations

import pytest

from duologue.evaluation.acts import acts


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("Yes, they are.", "agreement"),
        ("That's true!", "agreement"),
        ("Right.", "agreement"),
        ("Yesterday I went hiking.", "statement about oneself"),
        ("Surely the sea is cold.", "other statement"),
        ("Rightly so, the bus was late.", "other statement"),
    ],
)
def test_agreement_is_told_by_whole_words(text: str, act: str) -> None:
    assert acts([text]) == (act,)
