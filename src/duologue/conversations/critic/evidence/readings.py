"""The readings of an utterance: every way in which it states something, each a text that inference can judge."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from duologue.conversations.critic.evidence.answers import last_question, same, stated
from duologue.conversations.critic.evidence.wording import claims, telling
from duologue.records import Speaker
from duologue.text import content_words, first_person, is_question, normalise, sentences, words

_EXCLAMATIONS = frozenset(
    content_words(
        "wow oh ha haha cool nice awesome neat really yes yeah no sounds amazing lovely fun interesting ok okay lol"
    )
)
_SPLIT = re.compile(
    r"\s*[,;]\s+(?:and |but |so |yet |though )?(?=(?:i|i'm|i've|im|my|we|our|he|she|they)\b)"
    r"|\s+-+\s+|\s*;\s+"
    r"|\s+(?:and|but|so|yet|though|although|while|because)\s+(?=(?:i|i'm|i've|im|my|we|our)\b)",
    re.IGNORECASE,
)
_BOUND = re.compile(r"\b(?:if|when|whenever|until|till|unless|before|after|since|used to|wish|than|as long as|once)\b")
"""Words that make what one clause says depend on the other."""
_CLAUSE = 3
"""Fewest words of a clause that is read by itself."""
Source = Literal["sentence", "clause", "joined", "answer", "agreement"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One text that an utterance states."""

    utterance: int
    """Index from 0."""
    text: str
    source: Source
    """``clause``: a part of a sentence that stands by itself; ``joined``: the utterance's statements together; ``answer``:
    read with the question before it; ``agreement``: the partner's claim that "me too" repeats."""
    claim: bool
    """True when it says something of the speaker: first person, no question, no wish, not about "you"."""

    @property
    def speaker(self) -> Speaker:
        """Who says it."""
        return 1 if self.utterance % 2 == 0 else 2


def readings(utterances: Sequence[str], index: int) -> tuple[Reading, ...]:
    """All readings of one utterance; empty when it only asks or echoes.

    Questions state nothing. Neither does an echo: a sentence without first person whose words all stand in the
    utterance before ("Two dogs, wow.").
    """
    before = utterances[index - 1] if index else ""
    said = [s for s in sentences(utterances[index]) if not is_question(s) and words(s)]
    found: list[Reading] = []
    answer, taken = _answer(before, said, index)
    told = [s for s in said if not _echoes(s, before)]
    found += [Reading(index, s, "sentence", claims(s)) for s in told if s not in taken]
    found += [Reading(index, c, "clause", claims(c)) for s in told if s not in taken for c in clauses(s)]
    if len(told) > 1:
        found.append(Reading(index, " ".join(told), "joined", all(map(claims, told))))
    return (*found, *answer)


def _answer(before: str, said: Sequence[str], index: int) -> tuple[list[Reading], frozenset[str]]:
    """Readings of the first sentence as a reply, and the sentences that say nothing without it."""
    if not before or not said:
        return [], frozenset()
    if same(said[0]):
        return [Reading(index, s, "agreement", True) for s in sentences(before) if claims(s)], frozenset()
    question = last_question(before)
    text = stated(question, said[0]) if question else None
    if text is None:
        return [], frozenset()
    bare = len(words(said[0])) < 3 and not first_person(said[0])
    return [Reading(index, text, "answer", True)], frozenset(said[:1] if bare else ())


def clauses(sentence: str) -> tuple[str, ...]:
    """The parts of a sentence that state something by themselves; empty when it does not fall into parts.

    "I can't stand horses, and I am no vet." gives two. A sentence whose parts depend on each other ("When I was a kid I
    had dogs.") gives none.
    """
    if _BOUND.search(normalise(sentence)):
        return ()
    parts = [p.strip() for p in _SPLIT.split(sentence)]
    parts = [p for p in parts if len(words(p)) >= _CLAUSE]
    return tuple(parts) if len(parts) > 1 else ()


def _echoes(sentence: str, before: str) -> bool:
    told = telling(sentence) - _EXCLAMATIONS
    return bool(told) and not first_person(sentence) and told <= telling(before)
