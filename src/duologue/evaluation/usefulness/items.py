"""The items of next-utterance prediction: what was said, both profiles, what comes next among 19 others."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from duologue.evaluation.view import View
from duologue.records import Speaker

CHOICES = 20
"""Candidates of an item, the right one among them."""
CONTEXT = 2
"""Utterances before it that are seen."""
Mode = Literal["none", "own", "partner", "both"]
MODES: tuple[Mode, ...] = ("none", "own", "partner", "both")
"""Whose profile is seen: nobody's, that of who speaks next, the partner's, both."""


class TooLittle(Exception):
    """There is nothing to learn from; the message says what is missing, for the report."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text and where its vector lies."""

    view: View
    index: int
    """Of the utterance in ``view.texts``."""

    @property
    def text(self) -> str:
        """The utterance."""
        return self.view.texts[self.index]


@dataclass(frozen=True, slots=True)
class Item:
    """One utterance to be predicted. ``choices[0]`` is the right one."""

    view: View
    speaker: Speaker
    context: tuple[int, ...]
    """Indices of the utterances before it, oldest first."""
    choices: tuple[Text, ...]

    def profile(self, mode: Mode) -> tuple[int, ...]:
        """Indices into ``view.attributes`` of what this mode sees."""
        own = tuple(i for i, (s, _) in enumerate(self.view.attributes) if s == self.speaker)
        other = tuple(i for i, (s, _) in enumerate(self.view.attributes) if s != self.speaker)
        return {"none": (), "own": own, "partner": other, "both": (*own, *other)}[mode]


def split(views: Sequence[View], seed: int) -> tuple[list[View], list[View]]:
    """Four fifths to train on, one fifth to test on. Conversations that share a user's profile stay on one side, as far
    as both users' do: the side follows from the first profile.
    """
    sides: tuple[list[View], list[View]] = ([], [])
    for view in views:
        first = "\x1f".join(sorted(view.dialogue.user_1)) or view.dialogue.id
        digest = hashlib.blake2b(f"{seed}/{first}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
        sides[int.from_bytes(digest, "big") % 5 == 0].append(view)
    return sides


def items(views: Sequence[View], *, seed: int, choices: int = CHOICES, most: int | None = None) -> list[Item]:
    """Every utterance with one before it and at least two words, beside utterances of other conversations.

    ``most``: at most so many, drawn at random. The others are drawn from all of these views; none is what was really
    said. Fewer than two conversations give no items.
    """
    said = [Text(v, i) for v in views for i in range(len(v)) if len(v.words[i]) >= 2]
    places = [t for t in said if t.index]
    stream = random.Random(f"{seed}/items/{choices}")
    if most is not None and len(places) > most:
        places = stream.sample(places, most)
    found: list[Item] = []
    for right in places:
        view = right.view
        others: list[Text] = []
        taken = {view.flat[right.index]}
        for _ in range(30 * choices):
            if len(others) == choices - 1:
                break
            other = said[stream.randrange(len(said))]
            flat = other.view.flat[other.index]
            if other.view is not view and flat not in taken:
                taken.add(flat)
                others.append(other)
        if len(others) == choices - 1:
            context = tuple(range(max(0, right.index - CONTEXT), right.index))
            speaker = view.dialogue.utterances[right.index].speaker
            found.append(Item(view, speaker, context, (right, *others)))
    return found


def hit(scores: Sequence[float]) -> float:
    """1 when the first score is the greatest, less where it ties: its chance when ties are broken at random."""
    best = max(scores)
    return 1.0 / sum(s == best for s in scores) if scores[0] == best else 0.0
