"""What an executor needs of the driver's run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from duologue.backends.protocol import Backend
from duologue.config.sections import Config
from duologue.engine.engine import Engine
from duologue.store.database import Database
from duologue.store.ledger import SqlLedger
from duologue.store.protocol import Memory
from duologue.store.revisions import Revision


@dataclass(frozen=True, slots=True)
class Parts:
    """The open run folder and the driver's engine."""

    config: Config
    folder: Path
    database: Database
    revision: Revision
    ledger: SqlLedger
    memory: Memory
    engine: Engine
    backend: Backend | None
    """What replaces the configuration's backend, not started yet."""
