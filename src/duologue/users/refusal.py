"""Why a generated query or attribute is refused: one small check each, in the order in which they are asked.

A check returns a reason in plain words, or None when it has nothing against the text. None needs a model; checks by
embedding and by inference are in the bootstrapping modules, after these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from duologue.conversations.critic.guards.assistant_voice import assistant_phrase
from duologue.text import content_words, first_person, is_question, normalise, sentences, words

MAX_QUERY_WORDS = 20
"""Most words of a query."""
CONTENT_OVERLAP = 0.8
"""A sentence repeats another when they share at least this part of all their content words (Jaccard index)."""

_PLACEHOLDER = re.compile(r"[\[\](){}<>|\\]|_{2,}|\.{4,}|\bx{3,}\b|\b(?:insert|your) name\b", re.IGNORECASE)
_OPENING = re.compile(
    r"^(?:sure|certainly|of course|absolutely|okay|ok)\b|^here(?:'s| is| are)\b|^i(?:'m| am) sorry but\b"
    r"|\bi(?:'m| am) an? (?:bot|assistant)$|\bi (?:can't|cannot|can not|am unable to) (?:assist|help|provide|answer|fulfill)\b"
)
"""How an answer to an instruction begins; a guard of conversations knows the rest of an assistant's phrases."""
_SENTENCES = r"(?:sentences?|questions?|persona|attributes?)\b"
_LEAK = re.compile(
    rf"\b(?:given|above|previous|following) {_SENTENCES}|\b(?:the|this|that|these|those|another|my) (?:new|short|known) {_SENTENCES}"
    r"|\bsentences? about (?:me|myself)\b|\b(?:starts?|starting|begins?) with i or my\b|\bpersona attributes?\b"
    r"|\b(?:this|the|that) (?:question|sentence) is\b"
)
_MAYBE_LEAK = re.compile(rf"\b(?:new|short|known) {_SENTENCES}")
"""Talk about the task unless somebody tells of themselves: "My favorite short sentences are haiku"."""
_ONESELF = re.compile(r"(?:i|my)\b")
_COORDINATION = r"(?:and|but|yet|or)(?: (?:also|really|still|i also|i))?"
_ANTONYMS = (
    ("love", "hate"),
    ("like", "dislike"),
    ("like", "hate"),
    ("adore", "hate"),
    ("always", "never"),
    ("single", "married"),
    ("can", "can't"),
    ("can", "cannot"),
    ("do", "don't"),
    ("am", "am not"),
    ("have", "don't have"),
)
_NEGATION = frozenset(
    ("not", "never", "no", "don't", "dont", "doesn't", "can't", "cannot", "didn't", "isn't", "won't", "without")
)
_CLAUSE = re.compile(r"\s*(?:,|;|\band\b|\bbut\b|\byet\b|\bthough\b|\balthough\b)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which check refused a text, and why."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a check may look at besides the text."""

    min_words: int
    max_words: int
    context: tuple[str, ...] = ()
    """The sentences shown to the model."""
    examples: tuple[str, ...] = ()
    """The answers that stand in the prompt as examples."""


Check = Callable[[str, Limits], str | None]


def refuse_attribute(text: str, limits: Limits) -> Refusal | None:
    """Return the first refusal of a cleaned attribute, or None: it is one first-person sentence of its own."""
    return _first(ATTRIBUTE_CHECKS, text, limits)


def refuse_query(text: str, limits: Limits) -> Refusal | None:
    """Return the first refusal of a cleaned query, or None: it is one question."""
    return _first(QUERY_CHECKS, text, limits)


def _first(checks: Sequence[tuple[str, Check]], text: str, limits: Limits) -> Refusal | None:
    for name, check in checks:
        reason = check(text, limits)
        if reason is not None:
            return Refusal(name, reason)
    return None


def empty(text: str, limits: Limits) -> str | None:
    """No word at all."""
    return None if words(text) else "no words"


def assistant_voice(text: str, limits: Limits) -> str | None:
    """The model speaks as an assistant ("Sure, here is")."""
    return "speaks as an assistant" if _OPENING.search(normalise(text)) or assistant_phrase(text) else None


def prompt_leak(text: str, limits: Limits) -> str | None:
    """It talks about the task, or copies an example of the prompt."""
    bare = normalise(text)
    if _LEAK.search(bare) or (_MAYBE_LEAK.search(bare) and not _ONESELF.match(bare)):
        return "talks about the task"
    return "copies an example of the prompt" if any(_alike(text, e) for e in limits.examples) else None


def placeholder(text: str, limits: Limits) -> str | None:
    """Brackets, blanks, or another mark of an unfilled template."""
    found = _PLACEHOLDER.search(text)
    return f"holds {found.group(0)!r}" if found else None


def one_sentence(text: str, limits: Limits) -> str | None:
    """More than one sentence."""
    count = len(sentences(text))
    return None if count == 1 else f"{count} sentences"


def foreign_script(text: str, limits: Limits) -> str | None:
    """Letters that are not Latin: small models drift into other languages."""
    strange = next(
        (c for c in text if c.isalpha() and not c.isascii() and "LATIN" not in unicodedata.name(c, "")), None
    )
    return f"holds the letter {strange!r}" if strange else None


def question(text: str, limits: Limits) -> str | None:
    """A question where a statement is wanted."""
    return "a question" if is_question(text) else None


def not_question(text: str, limits: Limits) -> str | None:
    """A statement where a question is wanted."""
    return None if text.rstrip().endswith("?") else "not a question"


def not_first_person(text: str, limits: Limits) -> str | None:
    """It must start with I or My, contractions such as I'm included (paper, section 3.1)."""
    head = words(text)[0].partition("'")[0]
    return None if head in ("i", "my") and first_person(text) else "does not start with I or My"


def second_person(text: str, limits: Limits) -> str | None:
    """It speaks to someone instead of about the speaker."""
    found = next((w for w in words(text) if w.partition("'")[0] in ("you", "your", "yours", "yourself")), None)
    return f"speaks to someone ({found!r})" if found else None


def length(text: str, limits: Limits) -> str | None:
    """Too few or too many words."""
    count = len(words(text))
    if count < limits.min_words:
        return f"{count} words, fewer than {limits.min_words}"
    return f"{count} words, more than {limits.max_words}" if count > limits.max_words else None


def repeats_context(text: str, limits: Limits) -> str | None:
    """It says a shown sentence again, in the same words or nearly so."""
    known = next((k for k in limits.context if _alike(text, k)), None)
    return f"repeats {known!r}" if known else None


def contradiction_in_terms(text: str, limits: Limits) -> str | None:
    """ "I love and hate dogs.", "I always never eat.", "I have a dog and I don't have a dog." """
    bare = normalise(text)
    for one, other in _ANTONYMS:
        for first, second in ((one, other), (other, one)):
            between = rf"(?: {_COORDINATION})? " if "always" in (one, other) else rf" {_COORDINATION} "
            if re.search(rf"\b{first}{between}{second}\b(?! (?:much|care|mind))", bare):
                return f"says both {first!r} and {second!r}"
    clauses = [c for c in _CLAUSE.split(text) if c.strip()]
    for i, clause in enumerate(clauses):
        for later in clauses[i + 1 :]:
            if _same_but_negated(clause, later):
                return f"says {clause.strip()!r} and its opposite"
    return None


def halves(text: str) -> tuple[str, str] | None:
    """Return the two clauses of a sentence that joins two first-person statements, for a check by inference."""
    parts = re.split(r",?\s+(?:and|but|yet)\s+(?=(?:I|My)\b)", text, maxsplit=1, flags=re.IGNORECASE)
    return (parts[0], parts[1]) if len(parts) == 2 else None


def _alike(one: str, other: str) -> bool:
    """The same words, or nearly the same content words."""
    if normalise(one) == normalise(other):
        return True
    left, right = set(content_words(one)), set(content_words(other))
    return bool(left and right) and len(left & right) / len(left | right) >= CONTENT_OVERLAP


def _same_but_negated(one: str, other: str) -> bool:
    left, right = set(words(one)), set(words(other))
    if bool(left & _NEGATION) == bool(right & _NEGATION):
        return False
    first = set(content_words(" ".join(left - _NEGATION)))
    return bool(first) and first == set(content_words(" ".join(right - _NEGATION)))


ATTRIBUTE_CHECKS: tuple[tuple[str, Check], ...] = (
    ("empty", empty),
    ("assistant_voice", assistant_voice),
    ("prompt_leak", prompt_leak),
    ("placeholder", placeholder),
    ("one_sentence", one_sentence),
    ("question", question),
    ("first_person", not_first_person),
    ("second_person", second_person),
    ("length", length),
    ("script", foreign_script),
    ("repeats_context", repeats_context),
    ("contradiction_in_terms", contradiction_in_terms),
)
"""Checks of an attribute, by the name under which a refusal is reported."""

QUERY_CHECKS: tuple[tuple[str, Check], ...] = (
    ("empty", empty),
    ("assistant_voice", assistant_voice),
    ("prompt_leak", prompt_leak),
    ("placeholder", placeholder),
    ("one_sentence", one_sentence),
    ("not_question", not_question),
    ("length", length),
    ("script", foreign_script),
)
"""Checks of a query."""
