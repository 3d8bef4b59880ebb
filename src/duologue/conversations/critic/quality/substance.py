"""Measures of substance: how much is said, and how specific it is. The worse speaker counts."""

from __future__ import annotations

import math

from duologue.conversations.critic.quality.part import Part, lowest, mean, ramp
from duologue.conversations.critic.quality.reading import Reading

EXCHANGES = 8
"""Exchanges (two utterances each) from which a talk is not cut short."""


def vocabulary(reading: Reading) -> Part:
    """Different content words over the root of all content words (Guiraud), of the worse speaker, from 1.5 to 6.

    The root takes out most of the length: saying more only helps when it is new.
    """
    found = []
    for speaker in (0, 1):
        said = [word for i in reading.of(speaker) for word in reading.content[i]]
        found.append(len(set(said)) / math.sqrt(len(said)) if said else 0.0)
    return Part(ramp(lowest(found), 1.5, 6.0))


def detail(reading: Reading) -> Part:
    """Content words per utterance that the speaker did not say before, of the worse speaker, full from 4."""
    found = []
    for speaker in (0, 1):
        known: set[str] = set()
        fresh = []
        for i in reading.of(speaker):
            fresh.append(float(len(set(reading.content[i]) - known)))
            known.update(reading.content[i])
        found.append(mean(fresh))
    return Part(ramp(lowest(found), 0.0, 4.0))


def effort(reading: Reading) -> Part:
    """How seldom the worse speaker says two words or fewer; never is 1, half of the time 0."""
    short = [len(said) <= 2 for said in reading.words]
    shares = [mean([float(short[i]) for i in reading.of(s)]) for s in (0, 1)]
    return Part(ramp(max(shares), 0.5, 0.0), tuple(i for i, few in enumerate(short) if few))


def stay(reading: Reading) -> Part:
    """Whether the two go on talking: exchanges, from 0 to 8."""
    return Part(ramp(len(reading) / 2, 0.0, EXCHANGES))


def balance(reading: Reading) -> Part:
    """Words of the speaker who says less over the other's; full from 0.8."""
    spoken = [sum(len(reading.words[i]) for i in reading.of(s)) for s in (0, 1)]
    return Part(ramp(min(spoken) / max(spoken), 0.0, 0.8) if max(spoken) else 0.0)


def spread(reading: Reading) -> Part:
    """How unlike a speaker's utterances are in meaning: 1 less the mean cosine similarity to the speaker's nearest
    earlier one, from 0.2 to 0.6. 1 for a speaker who talks once."""
    near = [reading.own_similarity(i) for i in range(2, len(reading))]
    return Part(ramp(1.0 - mean(near), 0.2, 0.6))
