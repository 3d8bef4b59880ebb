"""Attributes that a speaker does not have, to be told from those they have: negated, contradicting and random ones."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from duologue.conversations.critic.evidence.wording import denies
from duologue.facts.stated import clash, facts
from duologue.text import content_words, normalise

_NEGATE = (
    (re.compile(r"\b(i)( am|'m|m) (?!not\b)", re.I), r"\1\2 not "),
    (re.compile(r"\b(i can)\b(?! ?not|'t)", re.I), r"\1not"),
    (re.compile(r"\b(i (?:would|will|could|should|was|have been|had been|do|did)) (?!not\b)", re.I), r"\1 not "),
    (re.compile(r"\b(i)('ve| have) (never) ", re.I), r"\1\2 often "),
    (re.compile(r"\b(i) (never|rarely|hardly ever) ", re.I), r"\1 often "),
    (re.compile(r"\b(i) (always|often|usually|frequently) ", re.I), r"\1 never "),
    (re.compile(r"\b(i (?:really |also |just )?)(?=(?:have(?! \w+(?:ed|en|one|een)\b)|like|love|enjoy|own|want|need|work|live|play|eat|drink|drive|listen|read|watch|go|hate|prefer|collect|speak|study|teach|know|take|make|write|cook|bake|run|sing|dance|wear|travel|volunteer|attend|dislike)\b)", re.I), r"\1do not "),
    (re.compile(r"\b(my [\w' -]{2,40}? (?:is|are|was|were)) (?!not\b)", re.I), r"\1 not "),
    (re.compile(r"^([\w' -]{2,40}? (?:is|are)) (?!not\b)(?=my\b)", re.I), r"\1 not "),
)  # fmt: skip
_UNDO = (
    (re.compile(r"\b(i) (?:do not|don't|dont) ", re.I), r"\1 "),
    (re.compile(r"\b(i)( am|'m) not ", re.I), r"\1\2 "),
    (re.compile(r"\b(i can)(?:not|'t| not) ", re.I), r"\1 "),
)
_OPPOSITE = {
    "love": "hate", "hate": "love", "like": "dislike", "dislike": "like", "enjoy": "can't stand", "loves": "hates",
    "married": "single", "single": "married", "tall": "short", "short": "tall", "young": "old", "older": "younger",
    "younger": "older", "morning": "night", "summer": "winter",
    "winter": "summer", "city": "countryside", "always": "never", "rich": "poor",
    "vegan": "meat eater", "vegetarian": "meat eater", "introvert": "extrovert", "shy": "outgoing", "outgoing": "shy",
    "healthy": "sick", "big": "small", "small": "big", "large": "small", "favorite": "least favorite",
    "favourite": "least favourite", "early": "late", "late": "early", "spicy": "mild", "quiet": "loud", "loud": "quiet",
}  # fmt: skip
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine")


def negation(text: str) -> str | None:
    """``text`` with the opposite sense by a small change of grammar; None where no rule fits."""
    if denies(text):
        for pattern, new in _UNDO:
            changed, n = pattern.subn(new, text, count=1)
            if n:
                return changed
    for pattern, new in _NEGATE:
        changed, n = pattern.subn(new, text, count=1)
        if n and changed != text:
            return changed
    return None


def contradiction(text: str, others: Sequence[str], rng: random.Random) -> str | None:
    """An attribute that can't hold beside ``text``: another of the data set whose facts clash, or a word exchanged."""
    own = facts(text)
    if own:
        clashing = [o for o in others if clash(own, facts(o))]
        if clashing:
            return rng.choice(clashing)
    for match in re.finditer(r"[A-Za-z]+", text):
        word = match.group(0).lower()
        new = _OPPOSITE.get(word)
        if word in _NUMBERS:
            new = rng.choice([n for n in _NUMBERS if abs(_NUMBERS.index(n) - _NUMBERS.index(word)) > 1])
        if new:
            return (
                text[: match.start()] + (new.capitalize() if match.group(0)[0].isupper() else new) + text[match.end() :]
            )
    return None


def unrelated(
    own: Sequence[str], others: Sequence[str], n: int, rng: random.Random, partner: Sequence[str] = ()
) -> list[str]:
    """``n`` attributes of other users that share no content word with ``own``, nor with each other; fewer if need be.

    Nor with the ``partner``'s, unless there are too few; what the partner has as well is never taken.
    """
    taken = {w for text in own for w in content_words(text)}
    others = rng.sample(list(others), len(others))
    theirs = [set(content_words(text)) for text in partner]
    found: list[str] = []
    for strict in (True, False):
        avoided = {w for words in theirs for w in words} if strict else set()
        for text in others:
            words = set(content_words(text))
            if len(found) == n:
                break
            # Of a fact the partner has, one more or less word makes no other.
            if words and not words & (taken | avoided) and not any(words <= t or words >= t for t in theirs if t):
                found.append(text)
                taken |= words
    return found


def distractors(
    own: Sequence[str], partner: Sequence[str], others: Sequence[str], rng: random.Random
) -> list[tuple[str, str]]:
    """Four (kind, text) that the speaker with the attributes ``own`` does not have.

    One negated, one contradicting and two random where the rules find them; what is missing becomes random.
    """
    found: list[tuple[str, str]] = []
    used = {normalise(t) for t in (*own, *partner)}
    turned: set[str] = set()
    for kind in ("negated", "contradicting"):
        # Each turns another attribute round, where there is another.
        for text in sorted(rng.sample(list(own), len(own)), key=lambda t: t in turned):
            made = negation(text) if kind == "negated" else contradiction(text, others, rng)
            if made and normalise(made) not in used:
                used.add(normalise(made))
                turned.add(text)
                found.append((kind, made))
                break
    for text in unrelated(own, others, 4 - len(found), rng, partner):
        found.append(("random", text))  # noqa: PERF401
    return found
