"""Filter ``toxicity``: no utterance is toxic, by the toxicity model."""

from __future__ import annotations

import asyncio

from duologue.conversations.critic.guards.verdicts import quote
from duologue.conversations.critic.protocol import CriticContext
from duologue.records import Candidate, Verdict


class ToxicityExpert:
    """Rejects a conversation one of whose utterances is toxic with more than ``config.toxicity``.

    ``value`` is 1 less the greatest toxicity of an utterance, in [0, 1].
    """

    name = "toxicity"

    def __init__(self, context: CriticContext) -> None:
        self._most = context.config.toxicity
        self._model = context.toxicity

    async def judge(self, candidate: Candidate) -> Verdict:
        """Return the verdict; the reason names the worst utterance."""
        scores = (await asyncio.to_thread(self._model.score, candidate.utterances)).tolist()
        worst = max(scores, default=0.0)
        over = tuple(i for i, score in enumerate(scores) if score > self._most)
        reason = ""
        if over:
            index = scores.index(worst)
            said = quote(candidate.utterances[index])
            reason = f"utterance {index + 1}: {said} is toxic ({worst:.2f}, and at most {self._most:.2f} is allowed)"
        return Verdict(self.name, "filter", 1.0 - float(worst), not over, reason, (), over)
