"""Toxicity of single texts: a linear model over words (alt-profanity-check), fast and shallow."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from duologue.errors import ModelError, UsageError
from duologue.models.protocol import Floats, Toxicity
from duologue.models.scripted import ScriptedToxicity


class WordlistToxicity:
    """Probability that a text is offensive, from a linear SVM over word counts.

    It catches insults and threats, misses bias that is only implied, and may take offence at mild idiom. Thread-safe.
    Raises ModelError when the package is not installed or does not load.
    """

    name = "wordlist"

    def __init__(self) -> None:
        try:
            # Its pickled model may be older than the installed scikit-learn, which warns at length.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from profanity_check import predict_prob
        except ImportError as error:
            raise ModelError(
                f"toxicity: wordlist needs {error.name or 'alt-profanity-check'}, which is not installed: "
                "pip install 'duologue[embedded]'"
            ) from error
        # Unpickling under another scikit-learn fails with many kinds of errors.
        except Exception as error:
            raise ModelError(
                f"toxicity: alt-profanity-check does not load ({type(error).__name__}); "
                "reinstall it with the scikit-learn that it asks for"
            ) from error
        self._predict: Callable[[list[str]], Any] = predict_prob

    def score(self, texts: Sequence[str]) -> Floats:
        """Return an array (len(texts),) of probabilities in [0, 1]; 1 is surely toxic."""
        if not texts:
            return np.zeros(0, dtype=np.float32)
        scores = np.asarray(self._predict(list(texts)), dtype=np.float32)
        return np.clip(scores, 0.0, 1.0)


def load_toxicity(name: str) -> Toxicity:
    """Return the toxicity model ``wordlist`` or ``scripted``. Raises UsageError for another name, ModelError."""
    if name == "scripted":
        return ScriptedToxicity()
    if name == "wordlist":
        return WordlistToxicity()
    raise UsageError(f"small_models.toxicity: there is no toxicity model {name!r}; use wordlist or scripted")
