"""A ledger without a file, for using single stages from Python."""

from __future__ import annotations

from collections.abc import Sequence

from duologue.records import Comparison, Outcome, Stage, Verdict
from duologue.store.codec import encode


class InMemoryLedger:
    """A :class:`duologue.store.protocol.Ledger` and ``Memory`` that keeps everything in this object."""

    def __init__(self) -> None:
        self.outcomes: dict[tuple[Stage, int, str], Outcome] = {}
        """By stage, iteration and item; the latest."""
        self.verdicts: dict[str, tuple[Verdict, ...]] = {}
        """By candidate id."""
        self.comparisons: dict[tuple[str, int], tuple[Comparison, ...]] = {}
        """By pair id and iteration."""

    def begin(self, stage: Stage, total: int | None, iteration: int = 0) -> None:
        """See the Protocol. Nothing is kept."""

    def record(self, outcome: Outcome) -> None:
        """See the Protocol."""
        self.outcomes[outcome.stage, outcome.iteration, outcome.item] = outcome

    def judged(self, candidate_id: str, verdicts: Sequence[Verdict]) -> None:
        """See the Protocol."""
        self.verdicts[candidate_id] = tuple(verdicts)

    def compared(self, pair_id: str, iteration: int, comparisons: Sequence[Comparison]) -> None:
        """See the Protocol."""
        self.comparisons[pair_id, iteration] = tuple(comparisons)

    async def flush(self) -> None:
        """See the Protocol. Everything is there at once."""

    async def recall(self, stage: Stage, iteration: int, item: str) -> Outcome | None:
        """See the Protocol."""
        known = self.outcomes.get((stage, iteration, item))
        if known is None or known.data is None:
            return known
        return Outcome(stage, item, known.status, known.by, known.reason, iteration, encode(known.data))

    def of(self, stage: Stage, iteration: int = 0) -> list[Outcome]:
        """The outcomes of a stage and iteration, in the order of recording."""
        return [o for (s, i, _), o in self.outcomes.items() if s == stage and i == iteration]
