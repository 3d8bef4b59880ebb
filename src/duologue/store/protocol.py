"""What stages need of storage: a place to account for items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from duologue.records import Comparison, Outcome, Stage, Verdict


class Ledger(Protocol):
    """Accounts for every item. Recording the same item of a stage and iteration again replaces it."""

    def record(self, outcome: Outcome) -> None:
        """Note how an item ended. Durable by the next ``flush``."""

    def judged(self, candidate_id: str, verdicts: Sequence[Verdict]) -> None:
        """Note all verdicts on one candidate."""

    def compared(self, pair_id: str, iteration: int, comparisons: Sequence[Comparison]) -> None:
        """Note the comparisons that chose a pair's winner."""

    def begin(self, stage: Stage, total: int | None, iteration: int = 0) -> None:
        """Say that a stage starts, with the number of items to expect; for progress."""

    async def flush(self) -> None:
        """Wait until everything recorded so far is durable."""


class Memory(Protocol):
    """What earlier work of the same revision left in the store."""

    async def recall(self, stage: Stage, iteration: int, item: str) -> Outcome | None:
        """The outcome recorded for an item, with ``data`` as raw JSON bytes, or None."""
        ...
