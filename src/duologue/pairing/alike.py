"""Whether two users are nearly the same person."""

from __future__ import annotations

from collections.abc import Sequence

from duologue.records import Profile
from duologue.text import content_words

SAME = 0.75
"""Share of the words of both (their intersection over their union) from which two attributes say the same."""


class Alike:
    """Tells whether more than ``most`` (0 to 1) of the smaller profile's attributes stand in the other in nearly the same words.

    Words are compared by their stems, without those that carry no content.
    """

    def __init__(self, profiles: Sequence[Profile], most: float) -> None:
        self._profiles = profiles
        self._most = most

    def __call__(self, i: int, j: int) -> bool:
        """Whether the profiles at places ``i`` and ``j`` are too much alike."""
        if self._most >= 1.0:
            return False
        one, other = sorted((self._of(i), self._of(j)), key=len)
        same = sum(any(_same(a, b) for b in other) for a in one)
        return same > self._most * len(one)

    def _of(self, place: int) -> tuple[frozenset[str], ...]:
        # Not kept: of a million users they would fill the memory, and few pairs are looked at twice.
        return tuple(frozenset(content_words(a.text)) for a in self._profiles[place].attributes)


def _same(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one) and len(one & other) >= SAME * len(one | other)
