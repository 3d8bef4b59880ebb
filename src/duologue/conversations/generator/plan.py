"""Which of its own attributes a speaker brings up in its next utterance, and whether it came out.

A small model that sees five attributes brings up few of them. Told of one it brings up that one. So the turn-by-turn
Generator plans: the attribute nearest to what was just said, where it is near enough or time presses, until three in
five have come out; an utterance without a plan just answers or asks. Whether an attribute came out is counted by words: half of its
content words, which is what :class:`Plan` looks at and what the choice among draws rewards.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from duologue.conversations.critic.evidence.wording import share
from duologue.models.protocol import Embedder
from duologue.text import content_words, is_question, sentences

SHARE = 0.5
"""Least share of an attribute's content words at which it has come out."""
WANTED = 0.6
"""Share of a profile that a conversation aims at: about what people bring up, for what is dragged in spoils a reply."""
NEAR = 0.3
"""Similarity to the last utterance from which an attribute is brought up even right after another."""
FAR = 0.2
"""Similarity to the last utterance below which an attribute waits for a better place, and is no answer to a question."""
TRIES = 2
"""Utterances that may be planned for one attribute."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known when an utterance is planned."""

    attributes: tuple[str, ...]
    """The speaker's profile."""
    said: tuple[str, ...]
    """All utterances so far, both speakers', in order."""
    target: int
    """Utterances that the conversation is to have."""
    tried: tuple[int, ...] = ()
    """Attributes planned so far for this speaker, by index, one entry for each of its utterances; -1 for none."""

    @property
    def own(self) -> tuple[str, ...]:
        """The speaker's utterances so far."""
        return self.said[len(self.said) % 2 :: 2]

    @property
    def own_left(self) -> int:
        """The speaker's utterances still to come, the next one included."""
        return (self.target - len(self.said) + 1) // 2

    @property
    def open(self) -> tuple[int, ...]:
        """Attributes that have not come out and were not planned ``TRIES`` times in vain."""
        return tuple(
            i
            for i, attribute in enumerate(self.attributes)
            if self.tried.count(i) < TRIES and not any(carries(text, attribute) for text in self.own)
        )

    @property
    def due(self) -> int:
        """How many attributes are still wanted."""
        out = sum(any(carries(text, a) for text in self.own) for a in self.attributes)
        return max(0, math.ceil(WANTED * len(self.attributes)) - out)


def next_attribute(plan: Plan, *, embedder: Embedder, draw: random.Random) -> int | None:
    """Index of the attribute that the next utterance is to bring up, or None.

    The opening takes any, as ``draw`` has it; later ones take the one most similar to the last utterance.
    """
    open_now = plan.open
    if not open_now or not plan.due:
        return None
    if not plan.said:
        return draw.choice(open_now)
    vectors = embedder.embed([plan.said[-1], *(plan.attributes[i] for i in open_now)])
    near = (vectors[1:] @ vectors[0]).tolist()
    best = max(range(len(open_now)), key=lambda i: (near[i], -i))
    chosen, similarity = open_now[best], near[best]
    spare = plan.own_left - plan.due
    # A question comes before what presses, unless an utterance too few is left as it is.
    if similarity < FAR and (spare > 0 or (spare == 0 and asks(plan.said[-1]))):
        return None
    rested = not plan.tried or plan.tried[-1] < 0
    return chosen if spare <= 0 or rested or similarity >= NEAR else None


def asks(text: str) -> bool:
    """True when ``text`` ends in a question."""
    parts = sentences(text)
    return bool(parts) and is_question(parts[-1])


def carries(text: str, attribute: str) -> bool:
    """True when the statements of ``text`` hold half of the attribute's content words, common ones counting less too."""
    held = set(content_words(attribute))
    told = " ".join(s for s in sentences(text) if not is_question(s))
    said = set(content_words(told))
    return bool(held) and len(held & said) >= SHARE * len(held) and share(attribute, told) >= SHARE
