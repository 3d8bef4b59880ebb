"""What the loop asks of an executor: to have an iteration's pairs worked on, somewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from duologue.records import Conversation, Pair

if TYPE_CHECKING:
    from duologue.conversations.pool import Pool

Work = Callable[[Pair], Awaitable[Conversation | None]]
"""The work on one pair in this process: candidates, Critic, tournament. All it finds goes to the ledger."""


class Executor(Protocol):
    """Has pairs worked on. An iteration is a barrier: the next one is asked for when all its winners are known."""

    def winners(
        self, pairs: Sequence[Pair], iteration: int, pool: Pool, work: Work
    ) -> AsyncIterator[Conversation | None]:
        """Yield each pair's winner, or None for a pair without, as they end, in any order.

        ``pool`` is the few-shot pool of the whole iteration. What ``work`` would have recorded is in the ledger by the
        time a winner is yielded. Raises RunStopped when the run is to end; what was finished by then stays.
        """
        ...
