"""The roles inside the Critic: guards, filters and quality experts. One small class each, one file each.

Third parties add their own through the entry point groups ``duologue.guards``, ``duologue.filters`` and
``duologue.quality``; an entry is a callable ``(CriticContext) -> Guard | Filter | Quality``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from duologue.backends.protocol import Caller
from duologue.config.sections import CriticConfig
from duologue.models.protocol import Embedder, Nli, Toxicity
from duologue.records import Candidate, Comparison, Verdict


@dataclass(frozen=True, slots=True)
class CriticContext:
    """What experts may use. Small models are thread-safe; ``judge`` is a language model, possibly the generator's."""

    config: CriticConfig
    embedder: Embedder
    nli: Nli
    toxicity: Toxicity
    judge: Caller
    seed: int = 0


class Guard(Protocol):
    """A deterministic check that needs no model."""

    name: str

    def check(self, candidate: Candidate) -> Verdict:
        """Return a verdict of kind ``guard``; ``value`` is 1 when passed, else 0."""
        ...


class Filter(Protocol):
    """An expert that passes or rejects one candidate, with evidence.

    One that asks a language model says so in an attribute ``asks_model``; it is asked last, see :func:`asks_model`.
    """

    name: str

    async def judge(self, candidate: Candidate) -> Verdict:
        """Return a verdict of kind ``filter``."""
        ...


class Quality(Protocol):
    """An expert on one aspect of quality that scores candidates and compares two of them.

    One that asks a language model in ``compare`` may say so in an attribute ``asks_model``; see :func:`asks_model`.
    """

    name: str
    both_orders: bool
    """True when the answer may depend on the order shown, so that the tournament asks both."""

    async def score(self, candidate: Candidate, verdicts: Mapping[str, Verdict]) -> Verdict:
        """Return a verdict of kind ``quality``; ``verdicts`` holds what guards and filters said, by name."""
        ...

    async def compare(self, first: Candidate, second: Candidate, scores: Mapping[str, Verdict]) -> Comparison:
        """Compare two candidates of one pair; ``scores`` holds this expert's verdicts by candidate id."""
        ...


def asks_model(expert: Filter | Quality) -> bool:
    """Whether judging or comparing costs the expert a model call, so that it is asked as little as can be.

    A quality expert that doesn't say is taken to ask a model if it is asked in both orders, a filter not to.
    """
    return bool(getattr(expert, "asks_model", getattr(expert, "both_orders", False)))
