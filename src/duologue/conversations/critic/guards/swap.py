"""Guard ``swap``: nobody voices the partner's attribute as their own.

The paper (section 2) allows a speaker to take over the partner's attribute; duologue does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from duologue.conversations.critic.evidence.readings import readings
from duologue.conversations.critic.evidence.wording import LIKING, WEAK, agrees, claims, denies, kin
from duologue.conversations.critic.guards.verdicts import guard_verdict, quote
from duologue.records import Attribute, Candidate, Pair, Speaker, Verdict
from duologue.text import content_words, sentences

__all__ = ["SHARE", "SwapGuard", "agrees", "claims", "swapped"]

SHARE = 0.75
"""Least share of an attribute's content words that an utterance must hold to voice it."""
_OWN = 0.5


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
    # Most utterances hold no attribute, whatever they say of it.
    held = [a for a in pair.user(owner).attributes if _voices(_stems(text), _stems(a.text))]
    statements = [s for s in sentences(text) if claims(s)] if held else []
    for attribute in held if statements else ():
        mine = [s for s in statements if _same_footing(s, attribute.text)]
        if not _holds(" ".join(mine), attribute, pair.user(speaker).attributes):
            continue
        if agrees(" ".join(mine)) and _has_told(owner, earlier, attribute):
            continue
        return f"User {speaker} voices User {owner}'s attribute {quote(attribute.text)}"
    return None


def _same_footing(sentence: str, attribute: str) -> bool:
    """Both deny or both affirm, and ``sentence`` names no third person that the attribute does not name."""
    return denies(sentence) == denies(attribute) and kin(sentence) <= kin(attribute)


def _holds(text: str, attribute: Attribute, own: Sequence[Attribute]) -> bool:
    said, held = _stems(text), _stems(attribute.text)
    telling = (held & said) - LIKING - WEAK
    return _voices(said, held) and all(len(telling & _stems(a.text)) < _OWN * len(telling) for a in own)


def _voices(said: frozenset[str], held: frozenset[str]) -> bool:
    """Whether these words hold most of an attribute's, and two that tell something. More words never hold less."""
    # "I love" for "I like" makes no difference.
    common = (held & said) - LIKING
    return len(common - WEAK) >= 2 and len(common) >= SHARE * len(held - LIKING)


@lru_cache(maxsize=4096)
def _stems(text: str) -> frozenset[str]:
    return frozenset(content_words(text))


def _has_told(owner: Speaker, earlier: Sequence[str], attribute: Attribute) -> bool:
    """Whether ``owner`` stated it in one of their utterances; a question tells nothing, a "yes" to one does."""
    return any(_holds_half(r.text, attribute) for i in range(owner - 1, len(earlier), 2) for r in readings(earlier, i))


def _holds_half(text: str, attribute: Attribute) -> bool:
    held = _stems(attribute.text) - WEAK
    return len(held & _stems(text)) * 2 >= len(held)
