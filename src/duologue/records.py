"""The records that stages pass to each other. All are frozen; all ids follow from content.

Terms are those of arXiv 2312.10007: a *persona attribute* is one first-person sentence, a *user profile* a set of
attributes, a *persona category* a cluster of attributes that answer one *query*.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

Speaker = Literal[1, 2]
Status = Literal["accepted", "rejected", "failed"]
Stage = Literal["seed", "query", "attribute", "profile", "pair", "candidate", "adapter", "conversation"]
Label = Literal["supported", "contradicted", "neutral"]
HandMark = Literal["", "accepted", "edited", "chosen", "rejected"]


def make_id(prefix: str, *parts: str) -> str:
    """Return ``prefix-`` and 12 hex digits of a hash over ``parts`` (order matters)."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
    return f"{prefix}-{digest[:12]}"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One persona attribute. ``text`` is exactly as given or generated, stripped."""

    id: str
    text: str
    origin: Literal["seed", "bootstrapped"] = "seed"
    category: str = ""
    """Id of its persona category, empty before clustering."""

    @classmethod
    def of(cls, text: str, origin: Literal["seed", "bootstrapped"] = "seed", category: str = "") -> Attribute:
        """Make an attribute whose id follows from its text."""
        return cls(make_id("a", text), text, origin, category)


@dataclass(frozen=True, slots=True)
class Category:
    """A persona category: attributes about one feature, and the query they answer."""

    id: str
    query: str
    """A question such as "What is your job?"; empty when no query was induced."""
    attributes: tuple[str, ...] = ()
    """Ids of its attributes."""
    origin: Literal["clustered", "bootstrapped"] = "clustered"


@dataclass(frozen=True, slots=True)
class Profile:
    """A user profile: a consistent, non-redundant set of attributes."""

    id: str
    attributes: tuple[Attribute, ...]
    origin: Literal["given", "built"] = "built"

    @classmethod
    def of(cls, attributes: tuple[Attribute, ...], origin: Literal["given", "built"] = "built") -> Profile:
        """Make a profile whose id follows from the set of its attributes."""
        return cls(make_id("u", *sorted(a.text for a in attributes)), attributes, origin)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two users who are to talk. User 1 speaks first."""

    id: str
    index: int
    """Place in the run's order of pairs, from 0; exports follow it."""
    user_1: Profile
    user_2: Profile
    policy: str = ""
    """The pairing policy that matched them."""
    score: float = 0.0
    """The policy's score: number of commonalities, or cosine similarity."""
    shared: tuple[tuple[str, str], ...] = ()
    """Attribute id pairs (of user 1, of user 2) that lie in a common category."""
    split: Literal["train", "valid", "test"] = "train"

    def user(self, speaker: Speaker) -> Profile:
        """The profile of speaker 1 or 2."""
        return self.user_1 if speaker == 1 else self.user_2


@dataclass(frozen=True, slots=True)
class Candidate:
    """One generated conversation of a pair. ``utterances[i]`` is said by speaker ``i % 2 + 1``."""

    id: str
    pair: Pair
    iteration: int
    """From 1."""
    attempt: int
    """0 for the first round of candidates, 1.. for regenerations."""
    sample: int
    """From 0, among the candidates of one attempt."""
    utterances: tuple[str, ...]
    mode: Literal["whole", "turns"]
    model: str
    prompt_hash: str
    seed: int
    length: tuple[int, int] = (0, 0)
    """Fewest and most utterances asked for, both included."""

    def said_by(self, speaker: Speaker) -> tuple[tuple[int, str], ...]:
        """(index, text) of each utterance of one speaker."""
        return tuple((i, u) for i, u in enumerate(self.utterances) if i % 2 + 1 == speaker)


@dataclass(frozen=True, slots=True)
class Evidence:
    """How one utterance bears on one attribute, or, with ``other``, on what its speaker said before.

    An utterance of the attribute's owner supports, contradicts or is neutral; one of the partner supports (a swap) or is
    neutral, and never contradicts. Attribute and utterance of which there is no evidence are neutral to each other.
    """

    owner: Speaker
    """Whose profile holds the attribute; of a self-contradiction who speaks."""
    attribute: str
    """The attribute's id; empty for a self-contradiction."""
    utterance: int
    """Index of the utterance, from 0."""
    label: Label
    score: float
    """Probability of the label, in [0, 1]."""
    other: int | None = None
    """Index of the earlier utterance that this one contradicts; None where the label is about an attribute."""
    verbatim: bool = False
    """True when the utterance copies the attribute word for word."""

    @property
    def speaker(self) -> Speaker:
        """Who said the utterance."""
        return 1 if self.utterance % 2 == 0 else 2

    @property
    def swapped(self) -> bool:
        """True when the partner, not the owner, voices the attribute."""
        return self.label == "supported" and self.speaker != self.owner

    @property
    def against_self(self) -> bool:
        """True when the speaker contradicts what they said in ``other``."""
        return self.other is not None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one guard or expert says of one candidate."""

    expert: str
    kind: Literal["guard", "filter", "quality"]
    value: float
    """In the expert's own unit, higher is better; see its docstring."""
    passed: bool
    reason: str = ""
    """Why, in plain words; empty when passed without remark."""
    evidence: tuple[Evidence, ...] = ()
    utterances: tuple[int, ...] = ()
    """Indices of the utterances that the reason speaks of."""
    scores: tuple[float, ...] = ()
    """One number per utterance, in the unit that the expert's docstring names; empty where it rates no utterances."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One quality expert's view of two candidates of the same pair, shown in one order."""

    expert: str
    first: str
    second: str
    """Ids of the candidates in the order shown."""
    winner: Literal["first", "second", "tie"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The candidate that won for its pair, with all that was said of it."""

    candidate: Candidate
    verdicts: tuple[Verdict, ...]
    votes: float = 0.0
    """Share of the quality votes it won, in [0, 1]; 1 when it stood alone."""
    hand: HandMark = ""
    """What people decided in a review: ``accepted``; ``edited`` where the utterances are theirs; ``chosen`` where they put
    another candidate of the pair in the winner's place, or took one where none won; else empty."""

    @property
    def id(self) -> str:
        """``c-`` and the pair's hash."""
        return "c-" + self.candidate.pair.id.removeprefix("p-")

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All evidence of all verdicts."""
        return tuple(e for v in self.verdicts for e in v.evidence)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one item ended at one stage. Every item ends in exactly one of the three ways."""

    stage: Stage
    item: str
    """The item's id."""
    status: Status
    by: str = ""
    """Which check rejected it, or which step failed."""
    reason: str = ""
    iteration: int = 0
    """0 outside the loop."""
    data: object = None
    """The item itself, a record or a plain JSON value."""
