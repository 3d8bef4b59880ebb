"""Guard ``swap``: nobody voices the partner's attribute as their own.

The paper (section 2) allows a speaker to take over the partner's attribute; duologue does not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from duologue.conversations.critic.guards.verdicts import guard_verdict, quote
from duologue.records import Attribute, Candidate, Pair, Speaker, Verdict
from duologue.text import content_words, first_person, is_question, normalise, sentences

SHARE = 0.75
"""Least share of an attribute's content words that an utterance must hold to voice it."""
_OWN = 0.5
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|im|i've|i'd|my|mine|myself)\b")
_NOT_SAYING = re.compile(
    r"\b(?:you|your|yours|you're|you've|u|if|wish|would|wouldn't|could|might|maybe|should|wanna|wanted|thought about|used to|i know|hope|bet|imagine|never been|guess|sounds?|heard)\b"
    r"|\bi'd\b|\bwant(?:ed)? to\b"
)
_NEGATION = re.compile(r"n't\b|\b(?:not|never|no|none|nor|neither|without|cannot|nobody|nothing|hardly)\b")
_KIN = re.compile(
    r"\b(?:mom|mother|dad|father|brother|sister|son|daughter|wife|husband|boyfriend|girlfriend|uncle|aunt|cousin|friend|parent|kid|child|children|"
    r"grandma|grandpa|grandmother|grandfather|boss|neighbor|neighbour|roommate|ex|niece|nephew|family|partner|people|he|she|they)(?:'?s)?\b"
)
_TASTE = re.compile(r"\b(?:love|like|enjoy|favorite|favourite|fan|hate|dislike|prefer|adore|into)\b")
_AGREEMENT = re.compile(r"\b(?:too|also|as well|same|both|either|likewise|agree|me neither|so do i)\b")
_LIKING = frozenset(content_words("like love enjoy adore prefer"))
_WEAK = frozenset(
    content_words(
        "like love enjoy have has want think know feel work live go going favorite favourite make use try thing things stuff "
        "time day good great best big little new old always often usually sometimes year years life people person one two three "
        "way well need see say come take hate prefer lot currently recently every free spend around hi hey hello name"
    )
)


class SwapGuard:
    """Refuses a statement in the first person that holds most content words of the partner's attribute.

    Questions, statements to or about "you", wishes, denials and talk of third people are no swap, and neither is what
    the speaker's own profile says as well. Agreeing with a taste that the partner has told of is no swap either. Two
    content words in common are the least, so short attributes are left to the faithfulness expert.
    """

    name = "swap"

    def check(self, candidate: Candidate) -> Verdict:
        """Return the verdict; the reason names the attribute."""
        said = candidate.utterances
        found = (
            (i, s) for i, u in enumerate(said) if (s := swapped(u, 1 if i % 2 == 0 else 2, candidate.pair, said[:i]))
        )
        return guard_verdict(self.name, found)


def swapped(text: str, speaker: Speaker, pair: Pair, earlier: Sequence[str] = ()) -> str | None:
    """Name the partner's attribute that ``speaker`` voices as their own in ``text``, or None."""
    owner: Speaker = 2 if speaker == 1 else 1
    statements = [s for s in sentences(text) if claims(s)]
    if not statements:
        return None
    for attribute in pair.user(owner).attributes:
        mine = [s for s in statements if _same_footing(s, attribute.text)]
        if not _holds(" ".join(mine), attribute, pair.user(speaker).attributes):
            continue
        if agrees(" ".join(mine)) and any(_told(e, attribute) for e in earlier):
            continue
        return f"User {speaker} voices User {owner}'s attribute {quote(attribute.text)}"
    return None


def claims(sentence: str) -> bool:
    """True when ``sentence`` says something of the speaker: first person, no question, no wish, not about "you"."""
    flat = normalise(sentence)
    return (
        first_person(sentence)
        and _FIRST_PERSON.search(flat) is not None
        and not is_question(sentence)
        and _NOT_SAYING.search(flat) is None
    )


def agrees(text: str) -> bool:
    """True when ``text`` agrees with a taste ("I love hiking too")."""
    flat = normalise(text)
    return _AGREEMENT.search(flat) is not None and _TASTE.search(flat) is not None


def _same_footing(sentence: str, attribute: str) -> bool:
    """Both deny or both affirm, and ``sentence`` names no third person that the attribute does not name."""
    said, held = normalise(sentence), normalise(attribute)
    if (_NEGATION.search(said) is None) != (_NEGATION.search(held) is None):
        return False
    return {m.group(0) for m in _KIN.finditer(said)} <= {m.group(0) for m in _KIN.finditer(held)}


def _holds(text: str, attribute: Attribute, own: Sequence[Attribute]) -> bool:
    said = set(content_words(text))
    # "I love" for "I like" makes no difference.
    held = set(content_words(attribute.text)) - _LIKING
    common = held & said
    telling = common - _WEAK
    if len(telling) < 2 or len(common) < SHARE * len(held):
        return False
    return all(len(telling & set(content_words(a.text))) < _OWN * len(telling) for a in own)


def _told(text: str, attribute: Attribute) -> bool:
    held = set(content_words(attribute.text)) - _WEAK
    return len(held & set(content_words(text))) * 2 >= len(held)
