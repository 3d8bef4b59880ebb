"""Filter ``faithfulness``: what each speaker says fits their profile and their own words, with the evidence for it.

The paper's definition (section 2): for an inference model M and every attribute of both profiles,
P_M(attribute | conversation) >= P_M(attribute). Here M is asked utterance by utterance, so that every finding has its
place in the conversation, and taking over the partner's attribute is unfaithful too. The inequality itself, given
what the owner said, is the filter :mod:`faithfulness-formal <duologue.conversations.critic.experts.faithfulness_formal>`.
"""

from __future__ import annotations

import asyncio

from duologue.conversations.critic.evidence.heads import shipped_heads
from duologue.conversations.critic.evidence.matrix import SPEAKERS, Finding, Matrix, evidence_matrix
from duologue.conversations.critic.guards.verdicts import quote
from duologue.conversations.critic.protocol import CriticContext
from duologue.records import Candidate, Verdict

_MOST_NAMED = 3


class FaithfulnessNli:
    """Builds the evidence matrix and judges by it.

    Every utterance is read in all ways in which it states something: sentence by sentence, its statements together, a
    short answer in the words of the question before it, "me too" as the claim it repeats; questions and echoes state
    nothing. A small logistic model over what inference, similarity, shared words and shared facts say (its weights are
    in ``weights/evidence``) gives each cell its probabilities.

    Contradictions from ``config.contradiction``, swaps from ``config.swap``, self-contradictions from
    ``config.self_contradiction``, and a share of carried attributes below ``config.min_coverage`` in either profile
    reject. ``value`` is the mean over both users of the share of attributes that come through, less 1 where something
    rejects but coverage: in [-1, 1]. Evidence holds every cell whose attribute and utterance have something in common,
    neutral ones too, and the self-contradictions.
    """

    name = "faithfulness"

    def __init__(self, context: CriticContext) -> None:
        self._config = context.config
        self._embedder = context.embedder
        self._nli = context.nli
        self._heads = shipped_heads()

    async def judge(self, candidate: Candidate) -> Verdict:
        """Return the verdict; the reason names attribute and utterance."""
        return await asyncio.to_thread(self.examine, candidate)

    def examine(self, candidate: Candidate) -> Verdict:
        """Like :meth:`judge`, in this thread."""
        matrix = evidence_matrix(
            candidate, embedder=self._embedder, nli=self._nli, heads=self._heads, config=self._config
        )
        return self._verdict(candidate, matrix)

    def _verdict(self, candidate: Candidate, matrix: Matrix) -> Verdict:
        coverage = [matrix.coverage(candidate, speaker) for speaker in SPEAKERS]
        reasons = [reason(finding) for finding in matrix.findings[:_MOST_NAMED]]
        for speaker, share in zip(SPEAKERS, coverage, strict=True):
            if share < self._config.min_coverage:
                reasons.append(
                    f"{share:.0%} of User {speaker}'s attributes come through, and at least "
                    f"{self._config.min_coverage:.0%} are asked for"
                )
        value = sum(coverage) / 2 - float(bool(matrix.findings))
        where = {i for f in matrix.findings for i in (f.utterance, f.other) if i is not None}
        return Verdict(
            self.name, "filter", value, not reasons, "; ".join(reasons), matrix.evidence, tuple(sorted(where))
        )


def reason(finding: Finding) -> str:
    """A finding in plain words, with its place and both texts."""
    if finding.other is not None:
        return (
            f"utterance {finding.utterance + 1}: {quote(finding.text)} contradicts what User {finding.owner} said in "
            f"utterance {finding.other + 1}: {quote(finding.against)}"
        )
    does = "takes over" if finding.kind == "swap" else "contradicts"
    return (
        f"utterance {finding.utterance + 1}: {quote(finding.text)} {does} User {finding.owner}'s attribute "
        f"{quote(finding.against)}"
    )
