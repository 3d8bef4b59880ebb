"""Measures of repetition: of oneself, of the partner, inside an utterance, and of questions."""

from __future__ import annotations

from itertools import pairwise

from duologue.conversations.critic.quality.part import Part, lowest, mean, ramp
from duologue.conversations.critic.quality.reading import Reading

SAME = 0.7
"""Share of the longer utterance's words, or cosine similarity less a fifth, at which two utterances are the same."""
_ALIKE = 0.9
_WORDS = 3
"""Utterances of fewer words ("Yes, me too.") may be said twice."""


def own(reading: Reading) -> Part:
    """How seldom the worse of the speakers says the same again, nearly word for word or (cosine of 0.9) in meaning.

    No repeat is 1, a quarter of the utterances 0.
    """
    found = [
        i
        for i in range(len(reading))
        if len(reading.words[i]) >= _WORDS
        and any(reading.overlap(i, j) >= SAME or _similar(reading, i, j) for j in reading.own_before(i))
    ]
    shares = [sum(i % 2 == s for i in found) / max(1, len(reading.of(s))) for s in (0, 1)]
    return Part(ramp(max(shares), 0.25, 0.0), tuple(found))


def _similar(reading: Reading, one: int, other: int) -> bool:
    if min(len(reading.words[one]), len(reading.words[other])) < _WORDS:
        return False
    return float(reading.vectors[one] @ reading.vectors[other]) >= _ALIKE


def echo(reading: Reading) -> Part:
    """How seldom an utterance is made of the partner's last words; no echo is 1, a quarter of the utterances 0."""
    found = tuple(
        i for i in range(1, len(reading)) if len(reading.words[i]) >= _WORDS and reading.overlap(i, i - 1) >= SAME
    )
    return Part(ramp(len(found) / max(1, len(reading)), 0.25, 0.0), found)


def stutter(reading: Reading) -> Part:
    """How seldom an utterance repeats itself ("I am a girl. I am a girl."), by pairs of words said twice in it.

    No such utterance is 1, a quarter of the worse speaker's 0.
    """
    found = [i for i, said in enumerate(reading.words) if _stutters(said)]
    shares = [sum(i % 2 == s for i in found) / max(1, len(reading.of(s))) for s in (0, 1)]
    return Part(ramp(max(shares), 0.25, 0.0), tuple(found))


def _stutters(said: tuple[str, ...]) -> bool:
    pairs = list(pairwise(said))
    return len(pairs) >= 3 and len(set(pairs)) <= 0.75 * len(pairs)


def asked_again(reading: Reading) -> Part:
    """Share of questions (three words and more) that were not asked before by the same speaker; 1 without questions."""
    known: tuple[set[str], set[str]] = (set(), set())
    fresh, stale = [], []
    for i, asked in enumerate(reading.questions):
        for question in asked:
            if len(question.split()) < _WORDS:
                continue
            fresh.append(float(question not in known[i % 2]))
            if question in known[i % 2]:
                stale.append(i)
            known[i % 2].add(question)
    return Part(ramp(mean(fresh, 1.0), 0.5, 1.0), tuple(dict.fromkeys(stale)))


def wording(reading: Reading) -> Part:
    """Different pairs of neighbouring words as a share of a speaker's, the worse speaker's, from 0.6 to 1."""
    shares = []
    for speaker in (0, 1):
        pairs = [pair for i in reading.of(speaker) for pair in pairwise(reading.words[i])]
        if pairs:
            shares.append(len(set(pairs)) / len(pairs))
    return Part(ramp(lowest(shares), 0.6, 1.0))


def openings(reading: Reading) -> Part:
    """Different first two words as a share of all utterances' (of two words and more), from 0.5 to 1."""
    first = [said[:2] for said in reading.words if len(said) >= 2]
    return Part(ramp(len(set(first)) / len(first), 0.5, 1.0) if first else 0.0)
