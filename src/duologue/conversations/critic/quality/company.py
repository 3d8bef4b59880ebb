"""Measures of company: whether the two take an interest, are kind, and content with one another."""

from __future__ import annotations

import re

from duologue.conversations.critic.guards.courtesy import takes_leave
from duologue.conversations.critic.quality.part import Part, mean, ramp
from duologue.conversations.critic.quality.reading import Reading

_COMPLAINT = re.compile(
    r"\b(?:i|you|we) (?:just |have |already |literally )*(?:already|just) (?:said|told|asked|answered|mentioned)\b|"
    r"\b(?:i|you) (?:said|told you|asked)(?: you)? (?:that|this) (?:already|before|twice)\b|"
    r"\b(?:you|stop) (?:keep )?repeat\w*|\bsay(?:ing)? (?:the same|that again)\b|"
    r"\b(?:makes?|making) (?:no|any|little) sense\b|\b(?:doesn't|does not|didn't|don't|not) mak\w+ (?:any )?sense\b|"
    r"\bwhat are you (?:talking|on) about\b|\bwhat (?:do|did) you mean\b|\bi (?:don't|do not|didn't|can't) (?:understand|get|follow) (?:you|it|that|what)\b|"
    r"\b(?:a|the|chat|real) ?(?:ro)?bots?\b|\byou(?:'re| are) (?:not (?:real|human|listening)|weird|stupid|dumb|rude|crazy|boring|strange|useless|annoying|confus\w+|an idiot|drunk|broken)\b|"
    r"\b(?:answer|ignored?|ignoring) (?:my|the|me)\b|\bthat(?:'s| is| was) (?:not (?:what|an answer)|random|weird|nonsense|rude|off topic)\b|"
    r"\b(?:nonsense|wtf|shut up|i'm confused|you lost me|never mind|nevermind|whatever)\b"
)
_BAFFLED = re.compile(r"^(?:what|huh|eh|pardon|excuse me|sorry|why|who|ok|hm+|um+|uh+|really)$")
_WARM = re.compile(
    r"\b(?:thanks?|thank you|glad|happy for|lovely|wonderful|sweet|kind|congrat\w*|proud|sorry to hear|love (?:that|it)|nice|great|awesome|"
    r"amazing|beautiful|fun|funny|brave|good luck|cool|interesting|(?:ha){2,}|ha|lol|laugh\w*|welcome|appreciate|hugs?|cheers?|pleasure|wow|enjoy\w*|delicious|my favou?rite)\b"
)
_LAST = 4


def content(reading: Reading) -> Part:
    """How seldom a speaker complains of the talk ("I already told you") or is baffled by it ("What?").

    A complaint counts in full, bafflement half; none is 1, a fifth of all utterances 0.
    """
    weights = [1.0 if _COMPLAINT.search(said) else 0.5 if _BAFFLED.match(said) else 0.0 for said in reading.flat]
    return Part(ramp(mean(weights), 0.2, 0.0), tuple(i for i, w in enumerate(weights) if w))


def warmth(reading: Reading) -> Part:
    """Share of utterances with a warm word or a laugh, full from 0.3."""
    return Part(ramp(mean([float(_WARM.search(said) is not None) for said in reading.flat]), 0.0, 0.3))


def ending(reading: Reading) -> Part:
    """Whether the last four utterances are warm or take a polite leave: full from two of them, half for one."""
    last = range(max(0, len(reading) - _LAST), len(reading))
    kind = sum(_WARM.search(reading.flat[i]) is not None or takes_leave(reading.utterances[i]) for i in last)
    return Part(ramp(float(kind), 0.0, 2.0))


def curiosity(reading: Reading) -> Part:
    """Whether both ask: the smaller share of utterances with a question, full from 0.2."""
    shares = [mean([float(bool(reading.questions[i])) for i in reading.of(s)]) for s in (0, 1)]
    return Part(ramp(min(shares), 0.0, 0.2))


def interrogation(reading: Reading) -> Part:
    """How far neither only asks: the greater share of utterances that tell nothing, half or less is 1, all is 0."""
    shares = [mean([float(not reading.told[i].strip()) for i in reading.of(s)]) for s in (0, 1)]
    return Part(ramp(max(shares), 1.0, 0.5))


def gentle(reading: Reading) -> Part:
    """1 less the greatest toxicity of an utterance after the one before it; 1 without a toxicity model."""
    scores = reading.toxicity
    worst = max(scores, default=0.0)
    return Part(1.0 - worst, tuple(i for i, s in enumerate(scores) if s >= 0.5))


def harmony(reading: Reading) -> Part:
    """1 / (1 + the sum of the probabilities of contradictions between own claims): 1 without any."""
    found = reading.clashes
    if not found:
        return Part(1.0)
    worst = max(found, key=lambda clash: clash.score)
    note = f'"{worst.claims[0]}" against "{worst.claims[1]}"'
    blamed = tuple(sorted({i for clash in found for i in (clash.first, clash.second)}))
    return Part(1.0 / (1.0 + sum(clash.score for clash in found)), blamed, note)
