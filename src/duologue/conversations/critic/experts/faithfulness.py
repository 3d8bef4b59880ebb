"""Filter ``faithfulness``: what each speaker says fits their profile, by natural language inference.

The paper's definition (section 2): for an inference model M and every attribute of both profiles,
P_M(attribute | conversation) >= P_M(attribute). Here M is asked utterance by utterance, so that every finding has its
place in the conversation, and taking over the partner's attribute is unfaithful too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from duologue.conversations.critic.experts.statements import premises, statement
from duologue.conversations.critic.guards.swap import agrees, claims
from duologue.conversations.critic.guards.verdicts import quote
from duologue.conversations.critic.protocol import CriticContext
from duologue.records import Attribute, Candidate, Evidence, Label, Speaker, Verdict
from duologue.text import sentences

SIMILARITY_FLOOR = 0.2
"""Cosine similarity of attribute and utterance below which they count as neutral without asking."""
_FIT = 0.75
"""Cosine similarity at which the speaker's own attribute says the same as the partner's."""
_MOST_NAMED = 3
_SPEAKERS: tuple[Speaker, Speaker] = (1, 2)


@dataclass(frozen=True, slots=True)
class _Pairing:
    owner: Speaker
    attribute: Attribute
    utterance: int
    readings: tuple[str, ...]


class FaithfulnessNli:
    """Builds the evidence of every attribute and utterance and judges by it.

    An utterance *supports* an attribute when it entails it with at least ``config.support``. It *contradicts* its own
    speaker's attribute when the mean probability of contradiction over both directions is at least
    ``config.contradiction`` (contradiction is symmetric, the model is not quite). A *swap* is a first-person statement
    that supports the partner's attribute and has no ground in the speaker's own profile; agreeing with a taste is none.
    Contradictions, swaps and a share of supported attributes below ``config.min_coverage`` in either profile reject.

    ``value`` is the mean over both users of the share of attributes that their owner's utterances support, less the
    greatest probability of a contradiction or swap found (0 without one): in [-1, 1]. Evidence holds
    what owners support, contradictions and swaps.
    """

    name = "faithfulness"

    def __init__(self, context: CriticContext) -> None:
        self._config = context.config
        self._embedder = context.embedder
        self._nli = context.nli

    async def judge(self, candidate: Candidate) -> Verdict:
        """Return the verdict; the reason names attribute and utterance."""
        return await asyncio.to_thread(self._examine, candidate)

    def _examine(self, candidate: Candidate) -> Verdict:
        pairings = self._pairings(candidate)
        supported = self._support(pairings)
        evidence: list[Evidence] = []
        wrong: list[tuple[float, int, str]] = []
        for pairing, score in zip(pairings, supported, strict=True):
            if score < self._config.support:
                continue
            if _speaker(pairing.utterance) == pairing.owner:
                evidence.append(_evidence(pairing, "supported", score))
            elif self._is_swap(candidate, pairing):
                evidence.append(_evidence(pairing, "supported", score))
                wrong.append((score, pairing.utterance, _swap_reason(candidate, pairing)))
        own = [p for p in pairings if _speaker(p.utterance) == p.owner]
        for pairing, score in zip(own, self._contradiction(own), strict=True):
            if score >= self._config.contradiction and not _is_in(evidence, pairing):
                evidence.append(_evidence(pairing, "contradicted", score))
                wrong.append((score, pairing.utterance, _contradiction_reason(candidate, pairing)))
        return self._verdict(candidate, evidence, wrong)

    def _verdict(self, candidate: Candidate, evidence: list[Evidence], wrong: list[tuple[float, int, str]]) -> Verdict:
        coverage = [_coverage(candidate, speaker, evidence) for speaker in _SPEAKERS]
        reasons = [reason for _, _, reason in sorted(wrong, key=lambda w: (-w[0], w[1]))[:_MOST_NAMED]]
        for speaker, share in zip(_SPEAKERS, coverage, strict=True):
            if share < self._config.min_coverage:
                reasons.append(
                    f"{share:.0%} of User {speaker}'s attributes come through, and at least "
                    f"{self._config.min_coverage:.0%} are asked for"
                )
        value = sum(coverage) / 2 - max((score for score, _, _ in wrong), default=0.0)
        where = tuple(sorted({index for _, index, _ in wrong}))
        ordered = sorted(evidence, key=lambda e: (e.utterance, e.owner, e.attribute))
        return Verdict(self.name, "filter", value, not reasons, "; ".join(reasons), tuple(ordered), where)

    def _pairings(self, candidate: Candidate) -> list[_Pairing]:
        """Every attribute with every utterance that states something and is near enough to it."""
        readings = [premises(candidate, i) for i in range(len(candidate.utterances))]
        spoken = [i for i, variants in enumerate(readings) if variants]
        attributes = [(s, a) for s in _SPEAKERS for a in candidate.pair.user(s).attributes]
        if not spoken or not attributes:
            return []
        # The longest reading carries the question before a short answer, so it decides what the answer is near to.
        texts = [readings[i][-1] for i in spoken]
        vectors = self._embedder.embed([*texts, *(a.text for _, a in attributes)])
        near = vectors[len(texts) :] @ vectors[: len(texts)].T
        return [
            _Pairing(owner, attribute, index, readings[index])
            for row, (owner, attribute) in enumerate(attributes)
            for column, index in enumerate(spoken)
            if near[row, column] >= SIMILARITY_FLOOR
        ]

    def _support(self, pairings: Sequence[_Pairing]) -> list[float]:
        return self._best(pairings, column=0)

    def _best(self, pairings: Sequence[_Pairing], *, column: int) -> list[float]:
        asked = [(reading, p.attribute.text) for p in pairings for reading in p.readings]
        said = iter(self._nli.predict(asked)[:, column].tolist() if asked else ())
        return [max(float(next(said)) for _ in p.readings) for p in pairings]

    def _contradiction(self, pairings: Sequence[_Pairing]) -> list[float]:
        forward = self._best(pairings, column=2)
        # The mean of both directions can reach the threshold only from here on.
        least = 2 * self._config.contradiction - 1
        open_ones = [i for i, score in enumerate(forward) if score >= least]
        asked = [(pairings[i].attribute.text, pairings[i].readings[0]) for i in open_ones]
        backward = self._nli.predict(asked)[:, 2].tolist() if asked else []
        scores = [0.0] * len(pairings)
        for i, score in zip(open_ones, backward, strict=True):
            scores[i] = (forward[i] + float(score)) / 2
        return scores

    def _is_swap(self, candidate: Candidate, pairing: _Pairing) -> bool:
        text = candidate.utterances[pairing.utterance]
        claimed = [s for s in sentences(text) if claims(s)]
        if not claimed or agrees(" ".join(claimed)):
            return False
        # The claim itself must carry the attribute; the rest of the utterance may be about the partner.
        if self._nli.predict([(" ".join(claimed), pairing.attribute.text)])[0, 0] < self._config.support:
            return False
        own = [a.text for a in candidate.pair.user(_speaker(pairing.utterance)).attributes]
        if not own:
            return True
        vectors = self._embedder.embed([pairing.attribute.text, *own])
        if float(np.max(vectors[1:] @ vectors[0])) >= _FIT:
            return False
        grounds = self._nli.predict([(mine, pairing.attribute.text) for mine in own])[:, 0]
        return float(np.max(grounds)) < self._config.support


def _speaker(index: int) -> Speaker:
    return 1 if index % 2 == 0 else 2


def _evidence(pairing: _Pairing, label: Label, score: float) -> Evidence:
    return Evidence(pairing.owner, pairing.attribute.id, pairing.utterance, label, min(1.0, max(0.0, score)))


def _is_in(evidence: Sequence[Evidence], pairing: _Pairing) -> bool:
    key = (pairing.owner, pairing.attribute.id, pairing.utterance)
    return any((e.owner, e.attribute, e.utterance) == key for e in evidence)


def _coverage(candidate: Candidate, speaker: Speaker, evidence: Sequence[Evidence]) -> float:
    attributes = {a.id for a in candidate.pair.user(speaker).attributes}
    told = {e.attribute for e in evidence if e.owner == speaker and e.label == "supported" and e.speaker == speaker}
    return len(told & attributes) / len(attributes) if attributes else 1.0


def _contradiction_reason(candidate: Candidate, pairing: _Pairing) -> str:
    said = statement(candidate.utterances[pairing.utterance])
    return (
        f"utterance {pairing.utterance + 1} {quote(said)} contradicts User {pairing.owner}'s attribute "
        f"{quote(pairing.attribute.text)}"
    )


def _swap_reason(candidate: Candidate, pairing: _Pairing) -> str:
    said = statement(candidate.utterances[pairing.utterance])
    return (
        f"in utterance {pairing.utterance + 1} {quote(said)} User {_speaker(pairing.utterance)} voices "
        f"User {pairing.owner}'s attribute {quote(pairing.attribute.text)}"
    )
