"""Whether an utterance turns round what its speaker has said or is: a suspicion by words, for choosing among draws.

Small models slip in a few ways: they wish for what the profile has ("I have always wanted to learn the piano" of a
pianist), are still about to do what is done, or deny it. Inference misses many of these. Looser than
:func:`~duologue.conversations.critic.evidence.wording.turned`, which rejects: here a false alarm costs a draw only.
"""

from __future__ import annotations

import re
from functools import lru_cache

from duologue.conversations.critic.evidence.wording import share, telling
from duologue.text import is_question, normalise, sentences

LEAST = 0.3
"""Least share of content words that one of two clauses must hold of the other to be about the same."""

_CLAUSE = re.compile(r"[,;:]|\b(?:but|and|so|because|though|although|when|while)\b", re.IGNORECASE)
_OTHERS = re.compile(
    r"\b(?:together|you|your|he|his|she|her|they|their|anyone|anybody|someone|somebody|everyone|people)\b"
)
_LACKS = re.compile(
    r"n't\b|\b(?:not|never|no|none|neither|cannot|hardly|rarely|without|dont|cant|didnt|wont|hate|hates|hated|dislike|dislikes)\b"
    r"|\b(?:always wanted|want to|wants to|wish|i would|hope to|hoping to|dream(?:ed|t|ing)? of|dream is|someday|one day)\b"
    r"|\bi'd (?:love|like)\b|\b(?:still|just) (?:trying|learning|thinking|hoping|waiting)\b|\btrying to\b"
    r"|\b(?:thinking (?:of|about)|planning (?:to|on)|used to|going to|will be|soon|interested in learning|plan to)\b"
)
_AFTER_ALL = re.compile(
    r"\b(?:can't|cannot|can not|couldn't|could not) (?:wait|get enough|stop|help|imagine|believe|resist|live without|go without|complain|miss)\b"
    r"|\b(?:never|don't|do not|not) (?:get |got |be |been )?(?:tired|bored|enough|miss|mind|stop|only|just|forget|leave home)\b"
    r"|\bnot sure\b|\bno (?:matter|problem|doubt|wonder)\b|\bwould (?:say|rather)\b|\bmore\b"
)
"""Words of lack that mean the contrary."""


@lru_cache(maxsize=8192)
def clauses(text: str) -> tuple[tuple[str, bool], ...]:
    """The clauses of a text about its speaker, each with whether it lacks what it names: denied, wished for, to come."""
    found = []
    for sentence in sentences(text):
        if is_question(sentence):
            continue
        for part in _CLAUSE.split(sentence):
            flat = normalise(part)
            if telling(part) and not _OTHERS.search(flat):
                found.append((part.strip(), _LACKS.search(_AFTER_ALL.sub(" ", flat)) is not None))
    return tuple(found)


def reverses(text: str, held: str) -> bool:
    """True when a clause of ``text`` lacks what a clause of ``held`` has, or has what it lacks, in shared words.

    ``held`` is an attribute of the speaker, or what they said before.
    """
    for clause, lacks in clauses(text):
        for other, lacked in clauses(held):
            if lacks == lacked or not telling(clause) & telling(other):
                continue
            if max(share(other, clause), share(clause, other)) >= LEAST:
                return True
    return False
