"""Which short texts are nearly one of many others, exactly, and without comparing all pairs.

Two texts are nearly the same when they share at least 0.8 of their different words (Jaccard). Two such texts share one of
the rarest words of each, as many as may differ and one more (prefix filtering: Chaudhuri et al., 2006; Bayardo et al.,
2007), so texts are listed under these words, and a text is compared only with those in its own words' lists.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable

from duologue.text import words

ALIKE = 0.8
LEAST_WORDS = 4
"""Texts of fewer different words are nearly nothing: "I am tall" is said without being copied."""


class NearTexts:
    """The texts that others are compared with."""

    def __init__(self, texts: Iterable[str]) -> None:
        held = {frozenset(words(text)) for text in texts}
        self._sets = sorted((s for s in held if len(s) >= LEAST_WORDS), key=sorted)
        self._count = Counter(word for found in self._sets for word in found)
        self._under: dict[str, list[int]] = defaultdict(list)
        for place, found in enumerate(self._sets):
            for word in self._rarest(found):
                self._under[word].append(place)

    def __len__(self) -> int:
        """The number of different texts that are long enough."""
        return len(self._sets)

    def near(self, text: str) -> bool:
        """Whether a text is nearly one of these."""
        found = frozenset(words(text))
        if len(found) < LEAST_WORDS:
            return False
        met = {place for word in self._rarest(found) for place in self._under.get(word, ())}
        return any(self._alike(found, self._sets[place]) for place in met)

    def _rarest(self, found: frozenset[str]) -> list[str]:
        most = len(found) - math.ceil(ALIKE * len(found) - 1e-9) + 1
        return sorted(found, key=lambda word: (self._count[word], word))[:most]

    @staticmethod
    def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
        if not ALIKE <= len(one) / len(other) <= 1 / ALIKE:
            return False
        shared = len(one & other)
        return shared >= ALIKE * (len(one) + len(other) - shared)
