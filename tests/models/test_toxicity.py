from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest

from duologue.errors import ModelError, UsageError
from duologue.models.scripted import ScriptedToxicity
from duologue.models.toxicity import WordlistToxicity, load_toxicity
from duologue.models.toxicity_builtin import BuiltinToxicity


def test_insults_score_high_and_plain_talk_low() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = load_toxicity("wordlist")
        scores = model.score(["You are a stupid idiot.", "I love walking my dog.", ""])
    assert isinstance(model, WordlistToxicity)
    assert scores.shape == (3,)
    assert scores.dtype == np.float32
    assert scores[0] > 0.8
    assert scores[1:].max() < 0.3
    assert ((scores >= 0.0) & (scores <= 1.0)).all()
    assert model.score([]).shape == (0,)


def test_names() -> None:
    assert isinstance(load_toxicity("scripted"), ScriptedToxicity)
    assert isinstance(load_toxicity("builtin"), BuiltinToxicity)
    with pytest.raises(UsageError, match=r"small_models\.toxicity.*use builtin, wordlist, perspective, scripted"):
        load_toxicity("other")


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "profanity_check", None)
    with pytest.raises(ModelError, match=r"pip install 'duologue\[embedded\]'"):
        load_toxicity("wordlist")
