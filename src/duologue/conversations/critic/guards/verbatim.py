"""Guard ``verbatim``: no attribute is recited word for word."""

from __future__ import annotations

import re
from functools import lru_cache

from duologue.config.sections import CriticConfig
from duologue.conversations.critic.guards.verdicts import guard_verdict, quote
from duologue.records import Attribute, Candidate, Pair, Verdict
from duologue.text import normalise

_SPELT_OUT = (
    (re.compile(r"\bi'?m\b"), "i am"),
    (re.compile(r"\bi'?ve\b"), "i have"),
    (re.compile(r"\bi'd\b"), "i would"),
    (re.compile(r"\bi'll\b"), "i will"),
    (re.compile(r"\bcan't\b|\bcannot\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"\b(it|that|he|she|what|there)'s\b"), r"\1 is"),
    (re.compile(r"\b(we|they|you)'re\b"), r"\1 are"),
    (re.compile(r"\bfavourite\b"), "favorite"),
)


class VerbatimGuard:
    """Refuses attributes of at least ``verbatim_words`` words that either speaker copies.

    Letter case, punctuation and contractions make no difference ("I'm" is "I am").
    """

    name = "verbatim"

    def __init__(self, config: CriticConfig) -> None:
        self.least = config.verbatim_words

    def check(self, candidate: Candidate) -> Verdict:
        """Return the verdict; the reason names the attribute."""
        found = ((i, c) for i, u in enumerate(candidate.utterances) if (c := copied(u, candidate.pair, self.least)))
        return guard_verdict(self.name, found)


def copied(text: str, pair: Pair, least: int) -> str | None:
    """Name the attribute of either profile, of at least ``least`` words, that ``text`` copies; else None."""
    for speaker, profile in ((1, pair.user_1), (2, pair.user_2)):
        for attribute in profile.attributes:
            if copies(text, attribute, least):
                return f"it copies User {speaker}'s attribute {quote(attribute.text)}"
    return None


def copies(text: str, attribute: Attribute, least: int) -> bool:
    """True when ``text`` holds the attribute word for word and it has at least ``least`` words."""
    return (
        len(normalise(attribute.text).split()) >= least and f" {spelt_out(attribute.text)} " in f" {spelt_out(text)} "
    )


@lru_cache(maxsize=8192)
def spelt_out(text: str) -> str:
    """The text for comparison, contractions spelt out."""
    flat = normalise(text)
    for pattern, full in _SPELT_OUT:
        flat = pattern.sub(full, flat)
    return " ".join(flat.split())
