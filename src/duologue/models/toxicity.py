"""Toxicity models by name, and the simplest of them: a linear model over words (alt-profanity-check)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from duologue.errors import ModelError, UsageError
from duologue.models.protocol import Floats, Toxicity, ToxicityRating
from duologue.models.scripted import ScriptedToxicity

if TYPE_CHECKING:
    from duologue.config.sections import PerspectiveConfig

NAMES = ("builtin", "wordlist", "perspective", "scripted")


class WordlistToxicity:
    """Probability that a text is offensive, from a linear SVM over word counts.

    It catches insults and threats, misses bias that is only implied, and may take offence at mild idiom. What was said
    before makes no difference to it, and it knows no kinds of toxicity. Thread-safe. Raises ModelError when the package
    is not installed or does not load.
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

    def score(self, texts: Sequence[str], before: Sequence[str] | None = None) -> Floats:
        """Return an array (len(texts),) of probabilities in [0, 1]; 1 is surely toxic."""
        if not texts:
            return np.zeros(0, dtype=np.float32)
        scores = np.asarray(self._predict(list(texts)), dtype=np.float32)
        return np.clip(scores, 0.0, 1.0)

    def rate(self, texts: Sequence[str], before: Sequence[str] | None = None) -> tuple[ToxicityRating, ...]:
        """Like :meth:`score`; the kind stays empty."""
        return tuple(ToxicityRating(score, "") for score in self.score(texts).tolist())


def load_toxicity(name: str, *, perspective: PerspectiveConfig | None = None) -> Toxicity:
    """Return the toxicity model ``builtin``, ``wordlist``, ``perspective`` or ``scripted``.

    ``perspective``: the endpoint's settings. Raises UsageError for another name or a missing key, ModelError.
    """
    if name == "scripted":
        return ScriptedToxicity()
    if name == "builtin":
        from duologue.models.toxicity_builtin import BuiltinToxicity

        return BuiltinToxicity()
    if name == "wordlist":
        return WordlistToxicity()
    if name == "perspective":
        from duologue.config.sections import PerspectiveConfig
        from duologue.models.toxicity_perspective import PerspectiveToxicity

        return PerspectiveToxicity(perspective or PerspectiveConfig.model_validate({}))
    raise UsageError(f"small_models.toxicity: there is no toxicity model {name!r}; use {', '.join(NAMES)}")
