"""Quality expert ``consistency``: nobody contradicts what they said before."""

from __future__ import annotations

from itertools import combinations

from duologue.conversations.critic.experts.scored import ScoredQuality
from duologue.conversations.critic.experts.statements import rare
from duologue.conversations.critic.guards.swap import claims
from duologue.conversations.critic.guards.verdicts import quote
from duologue.records import Candidate, Verdict
from duologue.text import sentences

SIMILARITY_FLOOR = 0.3
"""Cosine similarity below which two statements count as being about different things."""
_LEAST = 0.5


class Consistency(ScoredQuality):
    """``value`` is 1 / (1 + the sum of the probabilities of contradiction found), in (0, 1]: 1 without any.

    Every two claims of one speaker (first-person sentences, no questions or wishes) in different utterances are
    compared. The probability is the mean of both directions of inference, corrected for the rarity of contradictions as
    in :mod:`faithfulness <duologue.conversations.critic.experts.faithfulness>`, and counts from 0.5. The reason names
    the worst pair.
    """

    name = "consistency"

    def rate(self, candidate: Candidate) -> Verdict:
        """Rate one candidate."""
        told = [(i, s) for i, u in enumerate(candidate.utterances) for s in sentences(u) if claims(s)]
        if len(told) < 2:
            return Verdict(self.name, "quality", 1.0, True)
        vectors = self.context.embedder.embed([s for _, s in told])
        near = vectors @ vectors.T
        pairs = [
            (a, b)
            for a, b in combinations(range(len(told)), 2)
            if told[a][0] != told[b][0] and told[a][0] % 2 == told[b][0] % 2 and near[a, b] >= SIMILARITY_FLOOR
        ]
        if not pairs:
            return Verdict(self.name, "quality", 1.0, True)
        asked = [(told[a][1], told[b][1]) for a, b in pairs]
        answers = self.context.nli.predict([*asked, *((b, a) for a, b in asked)])[:, 2].tolist()
        both = [
            (rare(one) + rare(other)) / 2
            for one, other in zip(answers[: len(pairs)], answers[len(pairs) :], strict=True)
        ]
        found = [(score, pair) for score, pair in zip(both, pairs, strict=True) if score >= _LEAST]
        if not found:
            return Verdict(self.name, "quality", 1.0, True)
        _, (a, b) = max(found)
        value = 1.0 / (1.0 + sum(score for score, _ in found))
        reason = (
            f"{len(found)} contradiction(s), the worst between utterance {told[a][0] + 1} {quote(told[a][1])} "
            f"and {told[b][0] + 1} {quote(told[b][1])}"
        )
        return Verdict(self.name, "quality", value, True, reason, (), (told[a][0], told[b][0]))
