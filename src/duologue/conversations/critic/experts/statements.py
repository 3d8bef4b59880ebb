"""What an utterance asserts of its speaker, and how sure inference is of it."""

from __future__ import annotations

from duologue.records import Candidate
from duologue.text import is_question, sentences, words

SHORT = 5
"""Utterances of fewer words are also read together with the one before them."""
RARITY = 5.0
"""How many times rarer contradictions and swaps are in conversations than in the balanced data of inference models."""


def statement(text: str) -> str:
    """Return ``text`` without its questions, which assert nothing; empty when nothing is left."""
    return " ".join(s for s in sentences(text) if not is_question(s))


def premises(candidate: Candidate, index: int) -> tuple[str, ...]:
    """The readings of an utterance: what it states, and for a short one ("Yes, two.") also after its predecessor.

    Empty for an utterance that only asks.
    """
    said = statement(candidate.utterances[index])
    if not said:
        return ()
    if index and len(words(said)) < SHORT:
        return (said, f"{candidate.utterances[index - 1]} {said}")
    return (said,)


def rare(probability: float) -> float:
    """Correct a probability of a balanced model for a label that is ``RARITY`` times rarer here: odds are divided."""
    p = min(1.0, max(0.0, probability))
    return p / (p + RARITY * (1.0 - p))
