"""Measures of coherence: whether each utterance follows from what was said before it."""

from __future__ import annotations

import re

from duologue.conversations.critic.quality.part import Part, mean, ramp
from duologue.conversations.critic.quality.reading import Reading
from duologue.text import is_question

LOOSE = 0.12
"""Cosine similarity to the utterance before up to which one counts as unrelated; the median of random replies in hand-written
talks."""
FIRM = 0.3
"""Similarity from which it counts as following; the median of true replies there."""
_ANSWER = re.compile(
    r"^(?:(?:oh|well|um|hm+|haha|ha) )*(?:yes|yeah|yep|yup|no|nope|nah|not|never|sure|of course|maybe|sometimes|usually|"
    r"mostly|always|i|i'm|i've|im|it|it's|he|she|they|we|my|mine|because|about|only|just|good|fine|great|pretty good)\b"
)
_HELLO = re.compile(
    r"^(?:hi|hello|hey|hiya|good (?:morning|evening|afternoon))\b|^how (?:are|r) (?:you|u)(?: doing)?(?: today)?$|\bnice to meet you\b"
)
_ALREADY = 4
"""Utterances at the start that may greet."""


def links(reading: Reading) -> Part:
    """How like each utterance is to the one before it: cosine similarity from 0.12 (0) to 0.3 (1), on average.

    Blames the utterances that are unrelated. 1 for fewer than two utterances.
    """
    scores = reading.near[1:]
    values = [ramp(s, LOOSE, FIRM) for s in scores]
    return Part(mean(values, 1.0), tuple(i for i, v in enumerate(values, 1) if v == 0.0))


def answers(reading: Reading) -> Part:
    """Share of utterances ending in a question whose reply answers: it tells something and either begins like an
    answer or is like the question (cosine of 0.21). 1 when nothing is asked."""
    kept, ignored = [], []
    for i in range(1, len(reading)):
        last = reading.sentences[i - 1][-1:]
        if not last or not is_question(last[0]):
            continue
        told = bool(reading.told[i].strip())
        fits = told and (_ANSWER.match(reading.flat[i]) is not None or reading.near[i] >= (LOOSE + FIRM) / 2)
        kept.append(float(fits))
        if not fits:
            ignored.append(i)
    return Part(mean(kept, 1.0), tuple(ignored))


def uptake(reading: Reading) -> Part:
    """Share of utterances that take up a content word of one of the two before them, full from 0.4.

    1 for fewer than two utterances."""
    taken = [
        float(bool(set(reading.content[i]) & {*reading.content[i - 1], *(reading.content[i - 2] if i > 1 else ())}))
        for i in range(1, len(reading))
    ]
    return Part(ramp(mean(taken, 1.0), 0.0, 0.4))


def restarts(reading: Reading) -> Part:
    """Whether the talk begins anew: share of utterances after the fourth that greet; none is 1, a fifth is 0."""
    late = range(_ALREADY, len(reading))
    found = tuple(i for i in late if _HELLO.search(reading.flat[i]))
    return Part(ramp(len(found) / max(1, len(late)), 0.2, 0.0), found)
