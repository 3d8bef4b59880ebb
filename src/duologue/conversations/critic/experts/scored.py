"""What the quality experts without a language model have in common: each is one aspect of the embedded scorer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from duologue.conversations.critic.protocol import CriticContext
from duologue.conversations.critic.quality.reading import reader_of
from duologue.conversations.critic.quality.scorer import load_scorer
from duologue.records import Candidate, Comparison, Verdict

TIE = 0.02
"""Scores nearer than this are a tie."""


class ScoredQuality:
    """A quality expert whose verdict's ``value`` is a score in [0, 1] and whose reason says what costs how much.

    The verdict's ``utterances`` are those that the dearest cost is blamed on. Experts of one run share the readings, so
    that a conversation is taken apart once. Raises ModelError when the scorer's weights can't be read.
    """

    name: str
    aspect: ClassVar[str]
    """The aspect of :class:`~duologue.conversations.critic.quality.scorer.Scorer` that it scores."""
    both_orders = False
    asks_model = False

    def __init__(self, context: CriticContext) -> None:
        self._reader = reader_of(context.embedder, context.nli, context.toxicity)
        self._scorer = load_scorer()

    async def score(self, candidate: Candidate, verdicts: Mapping[str, Verdict]) -> Verdict:
        """Return the verdict of kind ``quality``."""
        return await asyncio.to_thread(self.rate, candidate)

    async def compare(self, first: Candidate, second: Candidate, scores: Mapping[str, Verdict]) -> Comparison:
        """Compare by score; a difference below 0.02 is a tie. A candidate without a score has 0."""
        one, other = (scores[c.id].value if c.id in scores else 0.0 for c in (first, second))
        reason = f"{one:.3f} against {other:.3f}"
        if abs(one - other) < TIE:
            return Comparison(self.name, first.id, second.id, "tie", reason)
        return Comparison(self.name, first.id, second.id, "first" if one > other else "second", reason)

    def rate(self, candidate: Candidate) -> Verdict:
        """Rate one candidate; runs in a thread."""
        found = self._scorer.assess(self._reader.read(candidate.utterances), self.aspect)
        return Verdict(self.name, "quality", found.score, True, found.explain(), (), found.utterances)
