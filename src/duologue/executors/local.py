"""The executor of one process: an event loop with many pairs in flight."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from duologue.engine.flow import stream
from duologue.executors.protocol import Work
from duologue.records import Conversation, Pair

if TYPE_CHECKING:
    from duologue.conversations.pool import Pool


class LocalExecutor:
    """Works on up to ``limit`` pairs at once, here; see :class:`duologue.executors.protocol.Executor`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    async def winners(
        self, pairs: Sequence[Pair], iteration: int, pool: Pool, work: Work
    ) -> AsyncIterator[Conversation | None]:
        """See the Protocol."""
        async for _, winner in stream(pairs, work, limit=self._limit):
            yield winner
