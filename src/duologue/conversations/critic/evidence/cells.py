"""The cells of the evidence matrix: what an utterance says of an attribute, as features and as probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from duologue.conversations.critic.evidence.readings import Reading
from duologue.conversations.critic.evidence.relation import Touch, prominence, touches
from duologue.conversations.critic.evidence.wording import addressed, denies, other_numbers, turned
from duologue.facts.stated import clash, facts
from duologue.models.protocol import Embedder, Nli
from duologue.records import Attribute, Speaker

FLOOR = -4.0
"""Least log odds that inference can bring in, and those of pairs that are not asked."""
OWN_NEAR, PARTNER_NEAR = 0.2, 0.3
"""Similarity from which inference is asked about an own and about a partner's attribute; shared words do as well."""
PARTNER_WORDS = 0.4
"""Share of a partner's attribute's words from which inference is asked."""
BACKWARD = -1.5
"""Log odds of contradiction from which the other direction is asked."""

SURE = 2.0
"""Log odds from which inference counts as sure."""

Features = Mapping[str, float]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Cell:
    """One attribute and one utterance that have something to do with each other."""

    owner: Speaker
    attribute: Attribute
    utterance: int
    speaker: Speaker
    text: str
    """The reading that comes nearest."""
    denied: str
    """The reading that contradicts most."""
    features: Features


class Inference:
    """Log odds from an NLI model, batched: first all pairs are collected, then asked at once, then read."""

    def __init__(self, nli: Nli) -> None:
        self._nli = nli
        self._known: dict[Pair, tuple[float, float]] = {}

    def ask(self, pairs: Iterable[Pair]) -> None:
        """Ask about (premise, hypothesis) pairs that are not known yet."""
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self._known]
        if new:
            for pair, (entails, _, contradicts) in zip(new, self._nli.predict(new).tolist(), strict=True):
                self._known[pair] = (log_odds(entails), log_odds(contradicts))

    def entails(self, premise: str, hypothesis: str) -> float:
        """Log odds, at least ``FLOOR``."""
        return self._known.get((premise, hypothesis), (FLOOR, FLOOR))[0]

    def contradicts(self, premise: str, hypothesis: str) -> float:
        """Log odds, at least ``FLOOR``."""
        return self._known.get((premise, hypothesis), (FLOOR, FLOOR))[1]

    def both_contradict(self, first: str, second: str) -> float:
        """The lesser of both directions, for contradiction is symmetric."""
        return min(self.contradicts(first, second), self.contradicts(second, first))


def log_odds(probability: float) -> float:
    """Log odds of a probability, cut at ``FLOOR`` and ``-FLOOR``."""
    p = min(1.0 - 1e-9, max(1e-9, probability))
    return max(FLOOR, min(-FLOOR, math.log(p / (1.0 - p))))


def cells(
    attributes: Sequence[tuple[Speaker, Attribute]], said: Sequence[Reading], embedder: Embedder, inference: Inference
) -> list[Cell]:
    """The cells that have something in common, each with its features; all others are neutral.

    For an attribute and its owner's utterances all readings count; for the partner's utterances only claims.
    """
    table = touches(attributes, said, embedder)
    near = [[t for t in row if _asked(t)] for row in table]
    inference.ask((t.reading.text, t.attribute.text) for row in near for t in row)
    inference.ask(
        (t.attribute.text, t.reading.text)
        for row in near
        for t in row
        if t.own and inference.contradicts(t.reading.text, t.attribute.text) >= BACKWARD
    )
    found: list[Cell] = []
    for row in table:
        for own in (True, False):
            of = [t for t in row if t.own == own]
            groups: dict[int, list[Touch]] = {}
            for touch in of:
                groups.setdefault(touch.reading.utterance, []).append(touch)
            if not groups:
                continue
            best = np.array([max(t.similarity for t in group) for group in groups.values()], dtype=np.float32)
            for group, stands_out in zip(groups.values(), prominence(best).tolist(), strict=True):
                if any(_asked(t) for t in group):
                    found.append(_cell(group, stands_out, inference))
    return found


def _asked(touch: Touch) -> bool:
    if touch.own:
        return touch.similarity >= OWN_NEAR or touch.telling > 0 or touch.same_fact
    return voiced(touch.reading) and (touch.similarity >= PARTNER_NEAR or touch.share >= PARTNER_WORDS)


def voiced(reading: Reading) -> bool:
    """Whether a reading can take over the partner's attribute: a claim or a "me too", and no mere answer."""
    return reading.claim and reading.source in ("sentence", "joined", "agreement")


def _cell(group: Sequence[Touch], stands_out: float, inference: Inference) -> Cell:
    first = group[0]
    attribute = first.attribute.text
    whole = [t for t in group if t.own or voiced(t.reading)]
    single = [t for t in whole if t.reading.source != "joined" and not addressed(t.reading.text)] or whole
    nearest = max(whole, key=lambda t: (t.similarity, t.share))
    worded = max(whole, key=lambda t: (t.share, t.similarity))
    denied = max(single, key=lambda t: (inference.both_contradict(t.reading.text, attribute), t.similarity))
    held = facts(attribute)
    clashing = next((t for t in single if held and clash(held, facts(t.reading.text))), None)
    entails = max(inference.entails(t.reading.text, attribute) for t in whole)
    contradicts = inference.both_contradict(denied.reading.text, attribute)
    plain = any(
        turned(t.reading.text, attribute) and inference.both_contradict(t.reading.text, attribute) >= SURE
        for t in single
    )
    features = {
        "entails": entails,
        "contradicts": contradicts,
        # Sure inference tells more than unsure one, and a sure contradiction more where the talk is about the matter.
        "entails_sure": max(0.0, entails),
        "contradicts_sure": max(0.0, contradicts),
        "contradicts_here": max(0.0, contradicts) * max(0.0, stands_out),
        "contradicts_claim": max(0.0, contradicts) * float(denied.reading.claim),
        "denied_plainly": float(entails <= -SURE and plain),
        "similarity": nearest.similarity,
        "stands_out": stands_out,
        "share": worded.share,
        "telling": float(min(3, worded.telling)),
        "denial": float(denies(worded.reading.text) != denies(attribute)),
        "number": float(other_numbers(worded.reading.text, attribute)),
        "clash": float(clashing is not None),
        "same_fact": float(any(t.same_fact for t in single)),
        "claim": float(any(t.reading.claim for t in whole)),
        "echo": float(nearest.reading.source == "agreement"),
    }
    return Cell(
        first.owner,
        first.attribute,
        first.reading.utterance,
        first.reading.speaker,
        nearest.reading.text,
        (clashing or denied).reading.text,
        features,
    )
