"""What words alone tell: which carry a sentence's content, what it denies, counts and whom it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from duologue.facts.numbers import figures
from duologue.text import content_words, first_person, is_question, normalise

_FIRST_PERSON = re.compile(r"\b(?:i|i'm|im|i've|i'd|my|mine|myself)\b")
_SECOND_PERSON = re.compile(r"\b(?:you|your|yours|you're|you've|you'll|u)\b")
_NOT_SAYING = re.compile(
    r"\b(?:you|your|yours|you're|you've|u|if|wish|would|wouldn't|could|might|maybe|should|wanna|wanted|thought about|used to|i know|hope|bet|imagine|never been|guess|sounds?|heard)\b"
    r"|\bi'd\b|\bwant(?:ed)? to\b"
)
_NEGATION = re.compile(r"n't\b|\b(?:not|never|no|none|nor|neither|without|cannot|nobody|nothing|hardly|dont|cant)\b")
_KIN = re.compile(
    r"\b(?:mom|mother|dad|father|brother|sister|son|daughter|wife|husband|boyfriend|girlfriend|uncle|aunt|cousin|friend|parent|kid|child|children|"
    r"grandma|grandpa|grandmother|grandfather|boss|neighbor|neighbour|roommate|ex|niece|nephew|family|partner|people|he|she|they)(?:'?s)?\b"
)
_DISLIKE = re.compile(
    r"\b(?:hate|hates|hated|dislike|dislikes|despise|detest|can't stand|cannot stand|can not stand)\b"
)
_LEADING_NO = re.compile(r"^(?:(?:oh|well|haha|ha) )*no (?=(?:i|my|we)\b)")
_JOINED = re.compile(r"\b(?:and|but|so|because|that)\b")
_TASTE = re.compile(r"\b(?:love|like|enjoy|favorite|favourite|fan|hate|dislike|prefer|adore|into)\b")
_AGREEMENT = re.compile(
    r"\b(?:too|also|as well|same|both|either|likewise|agree|me neither|so do i|so am i|so have i)\b"
)
_BOUND = re.compile(
    r"\b(?:only|just|except|besides|instead|apart from|other than|give up|gave up|if|when|whenever|wish|would|could|couldn't|should|might|maybe|almost|nearly"
    r"|last time|used to|want|unless|until|till|as long as|before|since|anymore|ago|once|again|now|the last|though)\b|'d\b"
)
LIKING = frozenset(content_words("like love enjoy adore prefer"))
"""Stems that say no more than that somebody likes something."""
WEAK = frozenset(
    content_words(
        "like love enjoy have has want think know feel work live go going favorite favourite make use try thing things stuff "
        "time day good great best big little new old always often usually sometimes year years life people person one two three "
        "way well need see say come take hate prefer lot currently recently every free spend around hi hey hello name"
    )
)
"""Stems so common that sharing them tells little."""


def claims(sentence: str) -> bool:
    """True when ``sentence`` says something of the speaker: first person, no question, no wish, not about "you"."""
    flat = normalise(sentence)
    return (
        first_person(sentence)
        and _FIRST_PERSON.search(flat) is not None
        and not is_question(sentence)
        and _NOT_SAYING.search(flat) is None
    )


def addressed(text: str) -> bool:
    """True when ``text`` is about "you" and not about the speaker."""
    return _SECOND_PERSON.search(normalise(text)) is not None and not first_person(text)


def agrees(text: str) -> bool:
    """True when ``text`` agrees with a taste ("I love hiking too")."""
    flat = normalise(text)
    return _AGREEMENT.search(flat) is not None and _TASTE.search(flat) is not None


def agreement(text: str) -> bool:
    """True when ``text`` agrees with what was said, whatever it is ("I have one too")."""
    return _AGREEMENT.search(normalise(text)) is not None


def denies(text: str) -> bool:
    """True when ``text`` holds a negation."""
    return _NEGATION.search(normalise(text)) is not None


def bounded(text: str) -> bool:
    """True when ``text`` narrows what it says, or says it under a condition, as a wish or of another time.

    "I only babysit", "We win when I don't drink", "I never liked them before I was pregnant".
    """
    return _BOUND.search(normalise(text)) is not None


def turned(text: str, attribute: str) -> bool:
    """True when a claim turns the attribute round in its own words: one of both denies or dislikes, at least half the words are shared.

    "I do not play the guitar at all" turns "I play the guitar". Sentences of several parts, and those under a condition,
    turn nothing; a "no" that opens an answer denies what was asked, not what follows.
    """
    one, other = (_LEADING_NO.sub("", normalise(t)) for t in (text, attribute))
    if any(bounded(t) or _JOINED.search(t) for t in (one, other)) or not first_person(text):
        return False
    turns = [denies(t) != (_DISLIKE.search(t) is not None) for t in (one, other)]
    return turns[0] != turns[1] and share(attribute, text) >= 0.5 and bool(telling(text) & telling(attribute))


def kin(text: str) -> frozenset[str]:
    """The third persons that ``text`` names: kin, friends, he, she, they."""
    return frozenset(m.group(0) for m in _KIN.finditer(normalise(text)))


@lru_cache(maxsize=8192)
def weights(text: str) -> dict[str, float]:
    """The stems of the content words with their weight: 1, less for common ones."""
    return {s: 0.15 if s in LIKING else 0.35 if s in WEAK else 1.0 for s in content_words(figures(text))}


def telling(text: str) -> frozenset[str]:
    """The stems that are not common."""
    return frozenset(s for s, weight in weights(text).items() if weight == 1.0)


def share(attribute: str, text: str) -> float:
    """Weighted share of the attribute's content words that ``text`` holds, in [0, 1]."""
    held, said = weights(attribute), weights(text)
    total = sum(held.values())
    return sum(weight for s, weight in held.items() if s in said) / total if total else 0.0


def numbers(text: str) -> frozenset[str]:
    """The numbers from 2 up that ``text`` names, as figures; "one" is no number."""
    return frozenset(w for w in normalise(figures(text)).split() if w.isdigit() and w not in ("0", "1"))


def other_numbers(first: str, second: str) -> bool:
    """True when both name numbers and none in common."""
    one, other = numbers(first), numbers(second)
    return bool(one) and bool(other) and not one & other


def mentions(words: Iterable[str], text: str) -> int:
    """How many of the stems ``words`` stand in ``text``."""
    return len(frozenset(words) & weights(text).keys())
