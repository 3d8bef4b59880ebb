"""How varied the words of two versions are, on samples of the same size drawn from all of each."""

from __future__ import annotations

import hashlib
import heapq
import itertools
from collections.abc import Iterable, Sequence

MOST = 40_000
"""Most words of a sample."""


class Sample:
    """Conversations of up to :data:`MOST` words, each as likely to be in it as any other; never holds many more."""

    def __init__(self, conversations: Iterable[tuple[str, Sequence[str]]], most: int = MOST) -> None:
        """``conversations`` are (id, utterances). Which are drawn follows from the ids alone."""
        kept: list[tuple[int, str, list[list[str]]]] = []
        total = 0
        for name, utterances in conversations:
            said = [u.lower().split() for u in utterances]
            # The greatest number goes first.
            heapq.heappush(kept, (-int(hashlib.sha256(name.encode()).hexdigest()[:16], 16), name, said))
            total += _words(said)
            while total - _words(kept[0][2]) >= most:
                total -= _words(heapq.heappop(kept)[2])
        self._said = [said for _, _, said in sorted(kept, reverse=True)]
        self.words = min(total, most)

    def distinct_2(self, words: int) -> float:
        """Share of distinct ones among the pairs of neighbouring words of ``words`` words, in [0, 1]."""
        pairs: list[tuple[str, str]] = []
        for utterance in itertools.chain.from_iterable(self._said):
            pairs += itertools.pairwise(utterance[:words])
            words -= len(utterance)
            if words <= 0:
                break
        return len(set(pairs)) / len(pairs) if pairs else 0.0


def distinct_2(before: Sample, after: Sample) -> tuple[float, float]:
    """Of both, over as many words as the smaller one has: longer texts give lower values."""
    words = min(before.words, after.words)
    return before.distinct_2(words), after.distinct_2(words)


def _words(said: Sequence[Sequence[str]]) -> int:
    return sum(map(len, said))
