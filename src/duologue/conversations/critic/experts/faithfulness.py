"""Filter ``faithfulness``: what each speaker says fits their profile, by natural language inference.

The paper's definition (section 2): for an inference model M and every attribute of both profiles,
P_M(attribute | conversation) >= P_M(attribute). Here M is asked utterance by utterance, so that every finding has its
place in the conversation, and taking over the partner's attribute is unfaithful too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from duologue.conversations.critic.experts.statements import premises, rare
from duologue.conversations.critic.guards.swap import agrees, claims
from duologue.conversations.critic.guards.verdicts import quote
from duologue.conversations.critic.protocol import CriticContext
from duologue.models.protocol import Floats
from duologue.records import Attribute, Candidate, Evidence, Label, Speaker, Verdict
from duologue.text import sentences

SUPPORT_FLOOR = 0.2
CONTRADICTION_FLOOR = 0.3
SWAP_FLOOR = 0.6
"""Cosine similarities of attribute and text below which they count as neutral without asking."""
_CONFIRMED = 0.5
_FIT = 0.75
_MOST_NAMED = 3
_SPEAKERS: tuple[Speaker, Speaker] = (1, 2)


@dataclass(frozen=True, slots=True)
class _Case:
    """One text of an utterance beside one attribute."""

    owner: Speaker
    attribute: Attribute
    utterance: int
    text: str

    @property
    def speaker(self) -> Speaker:
        return 1 if self.utterance % 2 == 0 else 2


class FaithfulnessNli:
    """Builds the evidence of every attribute and utterance and judges by it.

    An utterance *supports* its speaker's attribute when what it states entails it with at least ``config.support``; a
    short answer is also read after the question before it. For contradictions and swaps only *claims* count: single
    sentences in the first person, no questions, wishes or talk about "you". A claim *contradicts* its speaker's
    attribute when the probability of that is at least ``config.contradiction``, and at least 0.5 in the other
    direction, for contradiction is symmetric. A *swap* is a claim that entails the partner's attribute with at least
    ``config.support`` and has no ground in the speaker's own profile; agreeing with a taste is none. Both
    probabilities are corrected for the rarity of such sentences: their odds are divided by 5 (the usual correction
    for a shifted prior). Contradictions, swaps, and a share of supported attributes below ``config.min_coverage`` in
    either profile reject.

    ``value`` is the mean over both users of the share of attributes that their owner's utterances support, less the
    greatest probability of a contradiction or swap found (0 without one): in [-1, 1]. Evidence holds what owners
    support, contradictions and swaps; the rest is neutral.
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
        readings = [(i, r) for i in range(len(candidate.utterances)) for r in premises(candidate, i)]
        claimed = [(i, s) for i, u in enumerate(candidate.utterances) for s in sentences(u) if claims(s)]
        attributes = [(s, a) for s in _SPEAKERS for a in candidate.pair.user(s).attributes]
        if not readings or not attributes:
            return self._verdict(candidate, [], [])
        vectors = self._embedder.embed([*(a.text for _, a in attributes), *(t for _, t in [*readings, *claimed])])
        held, said = vectors[: len(attributes)], vectors[len(attributes) :]
        near_readings, near_claims = held @ said[: len(readings)].T, held @ said[len(readings) :].T
        supported = self._supported(_cases(attributes, readings, near_readings, SUPPORT_FLOOR, own=True))
        denied = self._contradicted(_cases(attributes, claimed, near_claims, CONTRADICTION_FLOOR, own=True))
        taken = self._swapped(candidate, _cases(attributes, claimed, near_claims, SWAP_FLOOR, own=False))
        evidence = {_key(case): _evidence(case, "supported", score) for case, score in [*supported, *taken]}
        # One utterance can't both carry and deny an attribute: the support is the surer finding.
        denied = [(case, score) for case, score in denied if _key(case) not in evidence]
        evidence |= {_key(case): _evidence(case, "contradicted", score) for case, score in denied}
        wrong = [(score, case.utterance, _reason(case, "contradicts")) for case, score in denied]
        wrong += [(score, case.utterance, _reason(case, "takes over")) for case, score in taken]
        return self._verdict(candidate, list(evidence.values()), wrong)

    def _verdict(self, candidate: Candidate, evidence: list[Evidence], wrong: list[tuple[float, int, str]]) -> Verdict:
        coverage = [_coverage(candidate, speaker, evidence) for speaker in _SPEAKERS]
        reasons = [reason for _, _, reason in sorted(wrong, key=lambda w: (-w[0], w[1], w[2]))[:_MOST_NAMED]]
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

    def _supported(self, cases: Sequence[_Case]) -> list[tuple[_Case, float]]:
        scores = self._ask([(c.text, c.attribute.text) for c in cases], column=0)
        return _best((case, score) for case, score in zip(cases, scores, strict=True) if score >= self._config.support)

    def _contradicted(self, cases: Sequence[_Case]) -> list[tuple[_Case, float]]:
        forward = [rare(p) for p in self._ask([(c.text, c.attribute.text) for c in cases], column=2)]
        found = [(c, score) for c, score in zip(cases, forward, strict=True) if score >= self._config.contradiction]
        backward = self._ask([(c.attribute.text, c.text) for c, _ in found], column=2)
        return _best(pair for pair, score in zip(found, backward, strict=True) if score >= _CONFIRMED)

    def _swapped(self, candidate: Candidate, cases: Sequence[_Case]) -> list[tuple[_Case, float]]:
        cases = [c for c in cases if not agrees(c.text)]
        scores = [rare(p) for p in self._ask([(c.text, c.attribute.text) for c in cases], column=0)]
        found = _best((c, score) for c, score in zip(cases, scores, strict=True) if score >= self._config.support)
        return [(case, score) for case, score in found if not self._has_ground(candidate, case)]

    def _has_ground(self, candidate: Candidate, case: _Case) -> bool:
        """True when an attribute of the speaker's own says much the same as the partner's or as the claim."""
        own = [a.text for a in candidate.pair.user(case.speaker).attributes]
        if not own:
            return False
        vectors = self._embedder.embed([case.attribute.text, case.text, *own])
        if float((vectors[2:] @ vectors[:2].T).max()) >= _FIT:
            return True
        asked = [(mine, text) for mine in own for text in (case.attribute.text, case.text)]
        return max(self._ask(asked, column=0)) >= self._config.support

    def _ask(self, pairs: Sequence[tuple[str, str]], *, column: int) -> list[float]:
        return [float(p) for p in self._nli.predict(pairs)[:, column]] if pairs else []


def _cases(
    attributes: Sequence[tuple[Speaker, Attribute]],
    texts: Sequence[tuple[int, str]],
    near: Floats,
    floor: float,
    *,
    own: bool,
) -> list[_Case]:
    """Every text beside every attribute of its speaker (``own``) or of the partner, where they are near enough."""
    cases = [
        (near[row, column], _Case(owner, attribute, index, text))
        for row, (owner, attribute) in enumerate(attributes)
        for column, (index, text) in enumerate(texts)
    ]
    return [case for similarity, case in cases if similarity >= floor and (case.speaker == case.owner) == own]


def _best(found: Iterable[tuple[_Case, float]]) -> list[tuple[_Case, float]]:
    """The highest score of each attribute and utterance."""
    best: dict[tuple[int, str, int], tuple[_Case, float]] = {}
    for case, score in found:
        key = _key(case)
        if key not in best or score > best[key][1]:
            best[key] = (case, score)
    return list(best.values())


def _key(case: _Case) -> tuple[int, str, int]:
    return (case.owner, case.attribute.id, case.utterance)


def _evidence(case: _Case, label: Label, score: float) -> Evidence:
    return Evidence(case.owner, case.attribute.id, case.utterance, label, min(1.0, max(0.0, score)))


def _coverage(candidate: Candidate, speaker: Speaker, evidence: Sequence[Evidence]) -> float:
    attributes = {a.id for a in candidate.pair.user(speaker).attributes}
    told = {e.attribute for e in evidence if e.owner == speaker and e.label == "supported" and e.speaker == speaker}
    return len(told & attributes) / len(attributes) if attributes else 1.0


def _reason(case: _Case, does: str) -> str:
    return (
        f"utterance {case.utterance + 1}: {quote(case.text)} {does} User {case.owner}'s attribute "
        f"{quote(case.attribute.text)}"
    )
