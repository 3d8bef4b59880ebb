"""Self-contradiction: two claims of one speaker, in different utterances or in one, that can't both be true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from duologue.conversations.critic.evidence.cells import BACKWARD, Features, Inference
from duologue.conversations.critic.evidence.readings import Reading
from duologue.conversations.critic.evidence.wording import bounded, denies, other_numbers, telling
from duologue.facts.stated import clash, facts, shared
from duologue.models.protocol import Embedder

FEATURES = (
    "contradicts", "contradicts_sure", "contradicts_near", "contradicts_denial", "contradicts_bound", "similarity", "telling", "denial",
    "number", "clash", "same_fact", "entails",
)  # fmt: skip
NEAR = 0.3
"""Similarity of two claims from which inference is asked; shared words and facts do as well."""


@dataclass(frozen=True, slots=True)
class ClaimPair:
    """Two claims of one speaker, the earlier first."""

    first: Reading
    second: Reading
    features: Features


def claim_pairs(said: Sequence[Reading], embedder: Embedder, inference: Inference) -> list[ClaimPair]:
    """All pairs of claims of one speaker that are about the same thing, with what tells whether they clash.

    Only single sentences and answers count, in the first person: no questions, wishes or talk about "you".
    """
    told = [r for r in said if r.claim and r.source in ("sentence", "answer")]
    if len(told) < 2:
        return []
    vectors = embedder.embed([r.text for r in told])
    near = vectors @ vectors.T
    stated = [facts(r.text) for r in told]
    words = [telling(r.text) for r in told]
    pairs = [
        (a, b)
        for a, b in combinations(range(len(told)), 2)
        if told[a].speaker == told[b].speaker
        and told[a].text != told[b].text
        and (near[a, b] >= NEAR or words[a] & words[b] or shared(stated[a], stated[b]))
    ]
    inference.ask((told[a].text, told[b].text) for a, b in pairs)
    inference.ask(
        (told[b].text, told[a].text) for a, b in pairs if inference.contradicts(told[a].text, told[b].text) >= BACKWARD
    )
    found = []
    for a, b in pairs:
        one, other = told[a].text, told[b].text
        contradicts = inference.both_contradict(one, other)
        features = {
            "contradicts": contradicts,
            "contradicts_sure": max(0.0, contradicts),
            "contradicts_near": max(0.0, contradicts) * max(0.0, float(near[a, b])),
            # Inference takes two sides of one matter for a contradiction; a denial on one side alone makes it likelier, a
            # condition, a limit or another time less likely.
            "contradicts_denial": max(0.0, contradicts) * float(denies(one) != denies(other)),
            "contradicts_bound": max(0.0, contradicts) * float(bounded(one) or bounded(other)),
            "entails": max(inference.entails(one, other), inference.entails(other, one)),
            "similarity": float(near[a, b]),
            "telling": float(min(3, len(words[a] & words[b]))),
            "denial": float(denies(one) != denies(other)),
            "number": float(other_numbers(one, other)),
            "clash": float(clash(stated[a], stated[b])),
            "same_fact": float(shared(stated[a], stated[b])),
        }
        found.append(ClaimPair(told[a], told[b], features))
    return found
