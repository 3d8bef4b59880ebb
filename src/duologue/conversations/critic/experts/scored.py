"""What the quality experts without a language model have in common: a score in [0, 1] that they compare by.

They follow the aspects of FED (Mehri and Eskenazi, 2020), which the paper's experts judge, by simple measures of
text; what each measures stands in its own file.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from duologue.conversations.critic.protocol import CriticContext
from duologue.models.protocol import Embedder
from duologue.records import Candidate, Comparison, Verdict

TIE = 0.02
"""Scores nearer than this are a tie."""


class ScoredQuality(ABC):
    """A quality expert whose verdict's ``value`` is a score in [0, 1] and whose reason names the parts of the score."""

    name: str
    both_orders = False

    def __init__(self, context: CriticContext) -> None:
        self.context = context

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

    @abstractmethod
    def rate(self, candidate: Candidate) -> Verdict:
        """Rate one candidate; runs in a thread."""

    def verdict(self, parts: Mapping[str, tuple[float, float]], utterances: tuple[int, ...] = ()) -> Verdict:
        """Make the verdict from the parts of the score: name to (weight, value in [0, 1])."""
        total = sum(weight for weight, _ in parts.values())
        value = sum(weight * clamp(part) for weight, part in parts.values()) / total
        reason = ", ".join(f"{name} {clamp(part):.2f}" for name, (_, part) in parts.items())
        return Verdict(self.name, "quality", value, True, reason, (), utterances)


def clamp(value: float) -> float:
    """``value`` held inside [0, 1]."""
    return min(1.0, max(0.0, float(value)))


def ramp(value: float, low: float, high: float) -> float:
    """0 up to ``low``, 1 from ``high``, straight between."""
    return clamp((value - low) / (high - low))


def mean(values: Sequence[float], default: float = 0.0) -> float:
    """The mean, or ``default`` of nothing."""
    return sum(values) / len(values) if values else default


def neighbour_similarity(utterances: Sequence[str], embedder: Embedder) -> list[float]:
    """Cosine similarity of each utterance, from the second on, to the one before it."""
    if len(utterances) < 2:
        return []
    vectors = embedder.embed(utterances)
    return [float(a @ b) for a, b in zip(vectors[1:], vectors[:-1], strict=True)]
