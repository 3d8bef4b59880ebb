"""The figures of a data set of persona-based conversations, counted alike for ours, Synthetic-Persona-Chat and people's.

Nothing here is shared with the guards or the Generator: patterns, stop words and stemmer are its own, so that what the
pipeline looks at itself is not what measures it. Shares are in [0, 1].
"""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cleanliness import ASSISTANT, PLACEHOLDER
from nltk.stem import PorterStemmer

_WORD = re.compile(r"[a-z0-9']+")
_STOP = frozenset(
    [
        "i",
        "me",
        "my",
        "myself",
        "we",
        "our",
        "ours",
        "ourselves",
        "you",
        "your",
        "yours",
        "yourself",
        "yourselves",
        "he",
        "him",
        "his",
        "himself",
        "she",
        "her",
        "hers",
        "herself",
        "it",
        "its",
        "itself",
        "they",
        "them",
        "their",
        "theirs",
        "themselves",
        "what",
        "which",
        "who",
        "whom",
        "this",
        "that",
        "these",
        "those",
        "am",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "have",
        "has",
        "had",
        "having",
        "do",
        "does",
        "did",
        "doing",
        "a",
        "an",
        "the",
        "and",
        "but",
        "if",
        "or",
        "because",
        "as",
        "until",
        "while",
        "of",
        "at",
        "by",
        "for",
        "with",
        "about",
        "against",
        "between",
        "into",
        "through",
        "during",
        "before",
        "after",
        "above",
        "below",
        "to",
        "from",
        "up",
        "down",
        "in",
        "out",
        "on",
        "off",
        "over",
        "under",
        "again",
        "further",
        "then",
        "once",
        "here",
        "there",
        "when",
        "where",
        "why",
        "how",
        "all",
        "any",
        "both",
        "each",
        "few",
        "more",
        "most",
        "other",
        "some",
        "such",
        "no",
        "nor",
        "not",
        "only",
        "own",
        "same",
        "so",
        "than",
        "too",
        "very",
        "s",
        "t",
        "can",
        "will",
        "just",
        "don",
        "should",
        "now",
        "i'm",
        "i've",
        "i'd",
        "i'll",
        "it's",
        "don't",
        "can't",
        "that's",
        "there's",
        "really",
        "also",
        "like",
        "love",
        "get",
        "got",
        "would",
        "could",
        "much",
        "many",
        "lot",
    ]
)
_STEM = cache(PorterStemmer().stem)
_OWN = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|im|my|me|mine|we|our)\b")
_LABEL = re.compile(r"^User ([12]):\s*(.*\S)\s*$")
TOKENS = 40_000
"""Tokens on which distinct-2 is counted."""
SENTENCE = 4
"""Fewest words of a sentence that counts as repeated."""


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation: both profiles, (speaker, text) in order, and whether its row was clean in format."""

    users: tuple[tuple[str, ...], tuple[str, ...]]
    said: tuple[tuple[int, str], ...]
    clean: bool = True


def read_spc(path: Path) -> Iterator[Talk]:
    """Conversations of Synthetic-Persona-Chat's CSV."""
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            lines = [line for line in row["Best Generated Conversation"].splitlines() if line.strip()]
            found = [_LABEL.match(line.strip()) for line in lines]
            said = tuple((int(m.group(1)), m.group(2)) for m in found if m)
            clean = all(m and int(m.group(1)) == i % 2 + 1 for i, m in enumerate(found)) and bool(found)
            users = tuple(tuple(a.strip() for a in row[f"user {n} personas"].splitlines() if a.strip()) for n in (1, 2))
            if said:
                yield Talk((users[0], users[1]), said, clean)


def read_human(path: Path) -> Iterator[Talk]:
    """Conversations between people (ConvAI2), as JSON lines with ``turns``."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        said = tuple((1 if who == "responder" else 2, text) for who, text in row["turns"])
        yield Talk((tuple(row["persona_responder"]), tuple(row["persona_partner"])), said)


def figures(talks: list[Talk], length: tuple[int, int] | None = None) -> dict[str, float]:
    """The issue's table for one data set; ``length`` is the asked (fewest, most) utterances."""
    texts = [[text for _, text in talk.said] for talk in talks]
    every = [t.lower() for said in texts for t in said]
    touched = [t for talk in talks for t in _touches(talk)]
    tokens = [w for t in every for w in _WORD.findall(t)][:TOKENS]
    found: dict[str, float] = {
        "conversations": len(talks),
        "clean format": _share(t.clean for t in talks),
        "with a placeholder": _share(any(PLACEHOLDER.search(t) for t in said) for said in texts),
        "with assistant voice": _share(any(ASSISTANT.search(t) for t in said) for said in texts),
        "distinct utterances": len(set(every)) / len(every),
        "distinct openings": len({said[0].lower() for said in texts}) / len(texts),
        "conversations that repeat an utterance": _share(len({t.lower() for t in s}) < len(s) for s in texts),
        "conversations that repeat a sentence": _share(map(_says_again, texts)),
        "attributes half said by their owner": _share(own for own, _, _ in touched),
        "attributes voiced only by the partner": _share(partner and not own for own, partner, _ in touched),
        "attributes copied word for word": _share(copied for _, _, copied in touched),
        "distinct-2": len(set(itertools.pairwise(tokens))) / max(1, len(tokens) - 1),
        "tokens for distinct-2": len(tokens),
        "ending in a question": _share(said[-1].rstrip().endswith("?") for said in texts),
        "words an utterance": sum(len(t.split()) for t in every) / len(every),
    }
    if length is not None:
        found["inside the asked length"] = _share(length[0] <= len(said) <= length[1] for said in texts)
    return found


def _says_again(said: list[str]) -> bool:
    """Whether an utterance holds a sentence of four words or more that an earlier one held, by either speaker."""
    before: set[tuple[str, ...]] = set()
    for text in said:
        own = {tuple(_WORD.findall(part)) for part in re.findall(r"[^.!?]+", text.lower())}
        own = {words for words in own if len(words) >= SENTENCE}
        if own & before:
            return True
        before |= own
    return False


def content(text: str) -> frozenset[str]:
    """Stems of the words that carry content."""
    words = (w.replace("'s", "").strip("'") for w in _WORD.findall(text.lower().replace("’", "'")) if w not in _STOP)
    return frozenset(_STEM(w) for w in words if len(w) > 1)


def _touches(talk: Talk) -> Iterator[tuple[bool, bool, bool]]:
    """For each attribute with content words: half said in one utterance of its owner's, claimed so by the partner, copied."""
    said = {s: [content(t) for who, t in talk.said if who == s] for s in (1, 2)}
    claimed = {s: [content(_claims(t)) for who, t in talk.said if who == s] for s in (1, 2)}
    flat = " " + " | ".join(" ".join(_WORD.findall(t.lower())) for _, t in talk.said) + " "
    for owner, attributes in zip((1, 2), talk.users, strict=True):
        for attribute in attributes:
            held = content(attribute)
            words = _WORD.findall(attribute.lower())
            if held:
                yield (
                    any(2 * len(held & told) >= len(held) for told in said[owner]),
                    any(2 * len(held & told) >= len(held) for told in claimed[3 - owner]),
                    len(words) >= 4 and f" {' '.join(words)} " in flat,
                )


def _claims(text: str) -> str:
    """The sentences in the first person that are no questions."""
    return " ".join(s for s in re.findall(r"[^.!?]+[.!?]*", text) if not s.endswith("?") and _OWN.search(s.lower()))


def _share(values: Iterable[bool]) -> float:
    listed = list(values)
    return sum(map(bool, listed)) / len(listed) if listed else 0.0
