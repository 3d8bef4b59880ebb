"""Gold questions: tasks whose answer is plain to anyone who reads, made from the data at hand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

Talk = list[list[Any]]

_MACHINE = (
    "As an AI language model, I do not have personal experiences, but I can assist you with that topic.",
    "Certainly! Here is a list of points: 1) [insert point one] 2) [insert point two] 3) [insert point three].",
    "I apologize for the confusion. As an AI assistant I was trained on text and I can't have hobbies or feelings.",
    "Hello [User 1's name]! I am [User 2's name]. How may I assist you today?",
    "In conclusion, there are many factors to consider. Please let me know if I can help you with anything else!",
)


def plain_machine(talk: Talk, rng: random.Random) -> Talk:
    """``talk`` with what an assistant says in place of its utterances: synthetic beyond doubt."""
    said = rng.sample(_MACHINE, len(_MACHINE))
    return [[speaker, said[i % len(said)]] for i, (speaker, _) in enumerate(talk[:10])]


def telling(talk: Talk, speaker: int, attributes: Sequence[str]) -> Talk:
    """``talk`` in which the speaker says ``attributes`` word for word."""
    told = [list(turn) for turn in talk]
    own = [i for i, turn in enumerate(told) if turn[0] == speaker]
    for place, text in zip(own, attributes, strict=False):
        told[place][1] = f"{told[place][1]} By the way: {text}"
    return told


def stuck(talk: Talk) -> Talk:
    """``talk`` in which both say one sentence again and again: of no diversity and no depth."""
    first = talk[0][1] if talk else "Hi."
    return [[speaker, first] for speaker, _ in (talk[:8] if len(talk) >= 4 else talk * 4)]
