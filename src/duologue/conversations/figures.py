"""Figures of a set of candidates, small enough for the loop: how many the Critic takes, what comes through, how varied."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise

from duologue.records import Candidate, Verdict
from duologue.text import words

OPENING_WORDS = 4
"""Two openings are the same when their first words, this many, are."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One pair's try: the candidate with its verdicts, or why there is none."""

    pair: str
    candidate: Candidate | None
    verdicts: tuple[Verdict, ...] = ()
    refused: str = ""
    """Who refused it, or ``generator``; empty when it passed."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """All are shares in [0, 1], higher is better; None where there is nothing to take it of."""

    accepted: float
    """Of the pairs: candidates that no guard or filter refused."""
    coverage: float
    """Mean over the accepted: share of both profiles' attributes that their owner voices; 0 where none was judged."""
    distinct_utterances: float
    """Different utterances among all, letter case aside."""
    distinct_openings: float
    """Different first four words among the conversations."""
    distinct_2: float | None
    """Different pairs of neighbouring words among the first words of the set, as many as were compared; None for a set
    that has fewer."""

    def as_json(self) -> dict[str, float | None]:
        """By name, four digits."""
        return {name: None if value is None else round(value, 4) for name, value in asdict(self).items()}


def figures(tried: Sequence[Tried], tokens: int | None = None) -> Figures:
    """Figures of one try of each pair. ``tokens``: words that distinct-2 is taken of, as it falls with their number."""
    said = [t.candidate.utterances for t in tried if t.candidate is not None]
    passed = [t for t in tried if t.candidate is not None and not t.refused]
    utterances = [u.lower() for talk in said for u in talk]
    openings = [tuple(words(talk[0])[:OPENING_WORDS]) for talk in said if talk]
    return Figures(
        accepted=len(passed) / len(tried) if tried else 0.0,
        coverage=sum(_coverage(t) for t in passed) / len(passed) if passed else 0.0,
        distinct_utterances=_distinct(utterances),
        distinct_openings=_distinct(openings),
        distinct_2=_bigrams(said, tokens) if token_count(tried) >= max(1, tokens or 0) else None,
    )


def side_by_side(tries: Mapping[str, Sequence[Tried]], old: str, new: str) -> dict[str, Figures]:
    """Figures of several tries of the same pairs, of which ``old`` and ``new`` are weighed against each other.

    ``accepted`` is over all pairs. The other figures change with which and how many conversations there are, so they are
    taken of the pairs for which both have one (coverage: one that passed), and distinct-2 of as many words.
    """
    made = _pairs(tries[old], passed=False) & _pairs(tries[new], passed=False)
    passed = _pairs(tries[old], passed=True) & _pairs(tries[new], passed=True)
    size = min(token_count(_of(tries[arm], made)) for arm in (old, new))
    return {
        arm: replace(
            figures(_of(tried, made), size),
            accepted=figures(tried).accepted,
            coverage=figures(_of(tried, passed)).coverage,
        )
        for arm, tried in tries.items()
    }


def token_count(tried: Sequence[Tried]) -> int:
    """Words of all candidates."""
    return sum(len(words(u)) for t in tried if t.candidate is not None for u in t.candidate.utterances)


def _pairs(tried: Sequence[Tried], *, passed: bool) -> set[str]:
    return {t.pair for t in tried if t.candidate is not None and not (passed and t.refused)}


def _of(tried: Sequence[Tried], pairs: Collection[str]) -> list[Tried]:
    return [t for t in tried if t.pair in pairs]


def _coverage(tried: Tried) -> float:
    assert tried.candidate is not None
    pair = tried.candidate.pair
    ids = {(1, a.id) for a in pair.user_1.attributes} | {(2, a.id) for a in pair.user_2.attributes}
    voiced = {
        (e.owner, e.attribute)
        for v in tried.verdicts
        for e in v.evidence
        if e.label == "supported" and e.speaker == e.owner
    }
    return len(ids & voiced) / len(ids) if ids else 0.0


def _distinct(items: Sequence[object]) -> float:
    return len(set(items)) / len(items) if items else 0.0


def _bigrams(said: Sequence[Sequence[str]], tokens: int | None) -> float:
    found: list[tuple[str, str]] = []
    used = 0
    for talk in said:
        for text in talk:
            spoken = words(text)
            if tokens is not None:
                spoken = spoken[: max(0, tokens - used)]
            used += len(spoken)
            found += pairwise(spoken)
    return _distinct(found)
