"""n-gram statistics: distinct-n and self-BLEU, fast enough for whole data sets."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

Words = Sequence[str]


def grams(words: Words, n: int) -> Iterable[tuple[str, ...]]:
    """All runs of ``n`` words, in order."""
    return zip(*(islice(words, i, None) for i in range(n)), strict=False)


def distinct(words: Words, n: int) -> float | None:
    """Different n-grams as a share of all (Li et al., 2016); None for fewer than ``n`` words."""
    total = len(words) - n + 1
    return len(set(grams(words, n))) / total if total > 0 else None


def self_bleu(texts: Sequence[Words], order: int = 4) -> float | None:
    """Mean BLEU of each text with all others as references (Zhu et al., 2018), in [0, 1]; None for fewer than two.

    BLEU as in NLTK's ``sentence_bleu`` with uniform weights and smoothing method 1 (0.1 for no match); texts shorter
    than ``order`` words are left out as hypotheses. The greatest count of each n-gram among the others comes from the two
    greatest counts overall, so the cost is that of counting once, not once a pair.
    """
    if len(texts) < 2:
        return None
    counted = [[Counter(grams(text, n)) for n in range(1, order + 1)] for text in texts]
    best: list[dict[tuple[str, ...], tuple[int, int, int]]] = [{} for _ in range(order)]
    for index, counts in enumerate(counted):
        for n, table in enumerate(counts):
            tops = best[n]
            for gram, count in table.items():
                most, owner, second = tops.get(gram, (0, -1, 0))
                if count > most:
                    tops[gram] = (count, index, most)
                elif count > second:
                    tops[gram] = (most, owner, count)
    lengths = sorted(len(text) for text in texts)
    scores = []
    for index, counts in enumerate(counted):
        size = len(texts[index])
        if size < order:
            continue
        total = 0.0
        for n, table in enumerate(counts):
            tops = best[n]
            matched = 0
            for gram, count in table.items():
                most, owner, second = tops[gram]
                matched += min(count, second if owner == index else most)
            possible = size - n
            if n == 0 and not matched:
                total = -math.inf
                break
            total += math.log((matched or 0.1) / possible) / order
        scores.append(math.exp(total) * _brevity(size, lengths))
    return sum(scores) / len(scores) if scores else None


def _brevity(size: int, lengths: Sequence[int]) -> float:
    """BLEU's brevity penalty against the nearest length among the other texts, the shorter one of two as near."""
    place = bisect_left(lengths, size)
    # One of the texts of this size is the text itself.
    others = [*lengths[max(0, place - 1) : place], *lengths[place + 1 : place + 2]]
    nearest = min(others, key=lambda length: (abs(length - size), length))
    return 1.0 if size > nearest else math.exp(1.0 - nearest / size)
