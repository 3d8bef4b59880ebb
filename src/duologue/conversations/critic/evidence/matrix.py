"""The evidence matrix of one conversation: attribute x utterance, for the owner and for the partner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from duologue.config.sections import CriticConfig
from duologue.conversations.critic.evidence.cells import Cell, Inference, cells
from duologue.conversations.critic.evidence.heads import Heads
from duologue.conversations.critic.evidence.own_words import ClaimPair, claim_pairs
from duologue.conversations.critic.evidence.readings import Reading, readings
from duologue.conversations.critic.evidence.swaps import swap_features
from duologue.conversations.critic.guards.verbatim import copies
from duologue.models.protocol import Embedder, Nli
from duologue.records import Attribute, Candidate, Evidence, Label, Speaker

PLAIN = 0.75
"""Least probability of contradiction where a claim turns the attribute round in its own words and inference is sure of it.

The cells' head can't learn it: such cells are few in its training data, and the nearness of the texts outvotes them."""
SPEAKERS: tuple[Speaker, Speaker] = (1, 2)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a conversation."""

    kind: Literal["contradiction", "swap", "self-contradiction"]
    score: float
    """Its probability, in [0, 1]."""
    utterance: int
    """Index from 0; of a self-contradiction the later one."""
    text: str
    """What was said there, as it was read."""
    owner: Speaker
    """Whose attribute it is; of a self-contradiction who speaks."""
    against: str
    """The attribute's text; of a self-contradiction what was said before."""
    other: int | None = None
    """Of a self-contradiction the earlier utterance."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """What was found, by place."""

    evidence: tuple[Evidence, ...]
    """Cells whose attribute and utterance have something in common, and self-contradictions, by utterance."""
    findings: tuple[Finding, ...]
    """The surest first."""

    def carried(self, candidate: Candidate, owner: Speaker) -> dict[str, tuple[int, ...]]:
        """By attribute id, in profile order: the owner's utterances that carry it."""
        return {
            a.id: tuple(
                e.utterance
                for e in self.evidence
                if e.attribute == a.id and e.owner == owner == e.speaker and e.label == "supported"
            )
            for a in candidate.pair.user(owner).attributes
        }

    def coverage(self, candidate: Candidate, owner: Speaker) -> float:
        """Share of the owner's attributes that the owner carries, in [0, 1]; 1 for an empty profile."""
        carried = self.carried(candidate, owner)
        return sum(bool(u) for u in carried.values()) / len(carried) if carried else 1.0


def evidence_matrix(
    candidate: Candidate, *, embedder: Embedder, nli: Nli, heads: Heads, config: CriticConfig
) -> Matrix:
    """Build the matrix of a conversation.

    A cell is *supported* or *contradicted* from the probabilities ``config.support`` and ``config.contradiction``; in a
    cell of the partner's, *supported* means a swap, from ``config.swap``. Two claims of one speaker contradict each
    other from ``config.self_contradiction``. One batch of some 60 to 150 inference pairs a conversation.
    """
    said = [r for i in range(len(candidate.utterances)) for r in readings(candidate.utterances, i)]
    attributes = [(s, a) for s in SPEAKERS for a in candidate.pair.user(s).attributes]
    inference = Inference(nli)
    found = cells(attributes, said, embedder, inference)
    shares = heads.cell.probabilities([c.features for c in found]).tolist()
    order = [heads.cell.classes.index(name) for name in ("supported", "contradicted", "neutral")]
    rated = [(cell, *_plainly(cell, *(row[i] for i in order))) for cell, row in zip(found, shares, strict=True)]
    evidence: list[Evidence] = []
    findings: list[Finding] = []
    for cell, supported, contradicted, neutral in rated:
        if cell.owner != cell.speaker:
            continue
        label: Label = "neutral"
        score = neutral
        if contradicted >= config.contradiction:
            label, score = "contradicted", contradicted
            findings.append(_finding("contradiction", cell, contradicted))
        elif supported >= config.support:
            label, score = "supported", supported
        evidence.append(_evidence(candidate, cell, label, score, config))
    swaps = swap_features(found, [s for _, s, _, _ in rated], attributes, embedder)
    sure = heads.swap.probabilities([features for _, features in swaps]).tolist()
    for (cell, _), row in zip(swaps, sure, strict=True):
        p = row[heads.swap.classes.index("swap")]
        if p >= config.swap:
            findings.append(_finding("swap", cell, p))
        evidence.append(
            _evidence(candidate, cell, *(("supported", p) if p >= config.swap else ("neutral", 1.0 - p)), config)
        )
    own = _own(said, embedder, inference, heads, config)
    evidence += [_own_evidence(pair, p) for pair, p in own]
    findings += [_own_finding(pair, p) for pair, p in own]
    return Matrix(
        tuple(sorted(evidence, key=lambda e: (e.utterance, e.owner, e.attribute, e.other or -1))),
        tuple(sorted(findings, key=lambda f: (-f.score, f.utterance, f.against))),
    )


def _plainly(cell: Cell, supported: float, contradicted: float, neutral: float) -> tuple[float, float, float]:
    """The probabilities, raised to ``PLAIN`` for a contradiction in plain words."""
    if not cell.features["denied_plainly"] or contradicted >= PLAIN:
        return supported, contradicted, neutral
    rest = (1.0 - PLAIN) / max(1e-9, 1.0 - contradicted)
    return supported * rest, PLAIN, neutral * rest


def persona_use(
    attributes: Sequence[str], response: str, *, before: str = "", embedder: Embedder, nli: Nli, heads: Heads
) -> float:
    """Probability that a response carries at least its best-carried attribute of a profile, in [0, 1].

    ``before`` is the utterance that it replies to, for short answers.
    """
    utterances = (before, response)
    held: list[tuple[Speaker, Attribute]] = [(2, Attribute.of(text)) for text in attributes]
    found = cells(held, readings(utterances, 1), embedder, Inference(nli))
    if not found:
        return 0.0
    column = heads.cell.classes.index("supported")
    return float(heads.cell.probabilities([c.features for c in found])[:, column].max())


def _own(
    said: Sequence[Reading], embedder: Embedder, inference: Inference, heads: Heads, config: CriticConfig
) -> list[tuple[ClaimPair, float]]:
    """The surest pair of claims of every two utterances that contradict each other."""
    pairs = claim_pairs(said, embedder, inference)
    column = heads.own.classes.index("contradicted")
    best: dict[tuple[int, int], tuple[ClaimPair, float]] = {}
    for pair, row in zip(pairs, heads.own.probabilities([p.features for p in pairs]).tolist(), strict=True):
        key = (pair.first.utterance, pair.second.utterance)
        if row[column] >= config.self_contradiction and (key not in best or row[column] > best[key][1]):
            best[key] = (pair, row[column])
    return list(best.values())


def _finding(kind: Literal["contradiction", "swap"], cell: Cell, score: float) -> Finding:
    text = cell.denied if kind == "contradiction" else cell.text
    return Finding(kind, score, cell.utterance, text, cell.owner, cell.attribute.text)


def _own_finding(pair: ClaimPair, score: float) -> Finding:
    return Finding(
        "self-contradiction",
        score,
        pair.second.utterance,
        pair.second.text,
        pair.second.speaker,
        pair.first.text,
        pair.first.utterance,
    )


def _evidence(candidate: Candidate, cell: Cell, label: Label, score: float, config: CriticConfig) -> Evidence:
    copied = copies(candidate.utterances[cell.utterance], cell.attribute, config.verbatim_words)
    return Evidence(cell.owner, cell.attribute.id, cell.utterance, label, _share(score), verbatim=copied)


def _own_evidence(pair: ClaimPair, score: float) -> Evidence:
    return Evidence(
        pair.second.speaker, "", pair.second.utterance, "contradicted", _share(score), other=pair.first.utterance
    )


def _share(value: float) -> float:
    return round(min(1.0, max(0.0, float(value))), 4)
