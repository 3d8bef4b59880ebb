"""Surface forms: chat styles, other persons, questions."""

from __future__ import annotations

import random
import re

DIGITS = {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8"}
CONTRACT = [
    ("I am", "I'm"),
    ("do not", "don't"),
    ("does not", "doesn't"),
    ("is not", "isn't"),
    ("am not", "'m not"),
    ("I have been", "I've been"),
    ("cannot", "can't"),
    ("I would", "I'd"),
    ("have not", "haven't"),
    ("I will", "I'll"),
]
EXPAND = [
    ("I'm", "I am"),
    ("don't", "do not"),
    ("doesn't", "does not"),
    ("isn't", "is not"),
    ("I've", "I have"),
    ("can't", "cannot"),
    ("aren't", "are not"),
    ("haven't", "have not"),
    ("wouldn't", "would not"),
]
PAST = {
    "was",
    "got",
    "earned",
    "served",
    "did",
    "learned",
    "moved",
    "grew",
    "had",
    "named",
    "lost",
    "retired",
    "can",
    "could",
    "would",
    "never",
}
SHE = {"mother", "sister", "wife", "daughter", "girlfriend", "grandmother", "aunt"}


def style(text: str, rng: random.Random) -> str:
    """One of the ways people and data sets write the same sentence."""
    kind = rng.random()
    if kind < 0.30:
        return text
    if rng.random() < 0.5:
        for a, b in CONTRACT if rng.random() < 0.5 else EXPAND:
            text = re.sub(rf"(?<![\w']){re.escape(a)}(?![\w'])", b, text)
        text = text.replace("I 'm not", "I'm not").replace("I'm 'm", "I'm")
    if rng.random() < 0.3:
        text = re.sub(r"\b(two|three|four|five|six|seven|eight)\b", lambda m: DIGITS[m.group(1)], text)
    if kind < 0.55:  # Persona-Chat: lower case, spaces around marks
        text = re.sub(r"\s*([.,!?])", r" \1", text.lower())
        return text.replace("'", " ' ") if rng.random() < 0.2 else text
    if kind < 0.85:  # chat
        text = text.lower()
        if text.endswith(".") and rng.random() < 0.6:
            text = text[:-1] + rng.choice(["", "", "", "!", " lol", " haha", " :)"])
        return text.replace("'", "") if rng.random() < 0.1 else text
    return text[:-1] if text.endswith(".") else text


def verb_s(verb: str) -> str:
    """Third person of a regular verb."""
    if verb in ("go", "do") or verb.endswith(("s", "x", "ch", "sh")):
        return verb + "es"
    return verb[:-1] + "ies" if verb.endswith("y") and verb[-2] not in "aeo" else verb + "s"


def third(text: str, kin: str) -> str | None:
    """``I am a nurse.`` -> ``My brother is a nurse.``; None where the sentence does not start with I."""
    match = re.match(r"I (?:(really|never|no longer|still) )?(\w+'?\w*)\b(.*)", text)
    if not match or re.search(r"\b(I|mine|kin)\b", match.group(3)):
        return None
    adverb, verb, rest = match.groups()
    poss = "her" if kin in SHE else "his"
    rest = re.sub(r"\bmy\b", poss, rest)
    rest = re.sub(r"\b(me|myself)\b", "her" if kin in SHE else "him", rest)
    fixed = {"am": "is", "have": "has", "don't": "doesn't", "do": "does", "haven't": "hasn't"}
    new = fixed.get(verb) or (verb if verb in PAST or "'" in verb else verb_s(verb))
    return " ".join(x for x in (f"My {kin}", adverb, new) if x) + rest


def second(text: str, rng: random.Random) -> str | None:
    """``I am a nurse.`` -> ``are you a nurse?`` or a remark about the other speaker."""
    match = re.match(
        r"I (am|have|can|love|like|enjoy|work|live|play|hate|own|drink|speak|collect|drive|go|want|eat)\b(.*?)[.!]?$",
        text,
    )
    if not match or re.search(r"\bI\b", match.group(2)):
        return None
    verb, rest = match.group(1), re.sub(r"\bmy\b", "your", match.group(2))
    verb_you = "are" if verb == "am" else verb
    asks = {"am": "are you", "can": "can you"}.get(verb, f"do you {verb}")
    return rng.choice(
        [
            f"{asks}{rest}?",
            f"{asks}{rest}?",
            f"{asks}{rest} too?",
            f"oh so you {verb_you}{rest}?",
            f"I hear you {verb_you}{rest}.",
            f"that's great that you {verb_you}{rest}!",
            f"you {verb_you}{rest}, right?",
            f"how come you {verb_you}{rest}?",
            f"you must {'be' if verb == 'am' else verb}{rest}!",
            f"is it true that you {verb_you}{rest}?",
            f"what would you say to someone who says they {verb_you}{rest}?",
        ]
    )


def chat(text: str, fillers: list[str], rng: random.Random) -> str:
    """Put a filler sentence before or behind."""
    filler = rng.choice(fillers)
    filler = filler[0].upper() + filler[1:]
    if text[-1:] not in ".!?":
        text += "."
    return f"{filler} {text}" if rng.random() < 0.5 else f"{text} {filler}"
