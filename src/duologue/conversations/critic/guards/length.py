"""Guard ``length``: as many utterances as were asked for, none of them too long."""

from __future__ import annotations

from collections.abc import Iterable

from duologue.conversations.critic.guards.verdicts import guard_verdict
from duologue.records import Candidate, Verdict
from duologue.text import words


class LengthGuard:
    """Passes conversations whose number of utterances is inside ``candidate.length``.

    ``max_words`` is the most words of one utterance, None for no limit. A length of (0, 0) asks for nothing.
    """

    name = "length"

    def __init__(self, max_words: int | None = None) -> None:
        self.max_words = max_words

    def check(self, candidate: Candidate) -> Verdict:
        """Return the verdict; the reason gives the numbers."""
        return guard_verdict(self.name, self._found(candidate))

    def _found(self, candidate: Candidate) -> Iterable[tuple[int, str]]:
        low, high = candidate.length
        count = len(candidate.utterances)
        if high and not low <= count <= high:
            yield -1, f"{count} utterances, and {low} to {high} were asked for"
        for index, text in enumerate(candidate.utterances):
            if what := too_long(text, self.max_words):
                yield index, what


def too_long(text: str, max_words: int | None) -> str | None:
    """Say that an utterance has more than ``max_words`` words, or None."""
    if max_words is None or len(text) <= max_words:
        return None
    count = len(words(text))
    return f"it has {count} words, and at most {max_words} are allowed" if count > max_words else None
