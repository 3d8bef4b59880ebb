"""What earlier passes of a revision left in the run's file."""

from __future__ import annotations

from duologue.records import Outcome, Stage
from duologue.store.database import Database
from duologue.store.revisions import Revision

_GET = "SELECT status, by, reason, data FROM items WHERE revision = ? AND stage = ? AND iteration = ? AND item = ?"


class SqlMemory:
    """A :class:`duologue.store.protocol.Memory` over one revision's rows."""

    def __init__(self, database: Database, revision: Revision) -> None:
        self._reader = database.reader()
        self._revision = revision.id

    async def recall(self, stage: Stage, iteration: int, item: str) -> Outcome | None:
        """See the Protocol. What was recorded but not flushed yet is not seen."""
        row = self._reader.execute(_GET, (self._revision, stage, iteration, item)).fetchone()
        if row is None:
            return None
        status, by, reason, data = row
        return Outcome(stage, item, status, by, reason, iteration, None if data is None else data.encode())

    def close(self) -> None:
        """Close the read connection."""
        self._reader.close()
