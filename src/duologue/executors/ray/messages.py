"""What driver, hub and workers tell each other."""

from __future__ import annotations

from dataclasses import dataclass, field

from duologue.conversations.pool import Pool
from duologue.engine.usage import NOTHING, Usage
from duologue.records import Outcome
from duologue.store.database import Statement
from duologue.store.revisions import Revision

Statements = list[Statement]
Places = tuple[range, ...]
"""Indices of a shard's pairs, ascending: a few ranges, whatever the number of pairs."""


@dataclass(frozen=True, slots=True)
class Job:
    """What all workers of an iteration get."""

    config: str
    """The resolved configuration as JSON."""
    iteration: int
    pool: Pool
    revision: Revision
    ask: bool
    """Whether the run folder may hold answers of earlier passes, so that the hub is asked before a model is."""
    backend: bytes | None = None
    """A pickled backend that replaces the configuration's."""


@dataclass(frozen=True, slots=True)
class Work:
    """One shard for one attempt."""

    attempt: int
    pairs: tuple[str, ...]
    """The pairs as JSON."""
    champions: tuple[tuple[object, ...], ...]
    """Rows of ``items``: the pairs' outcomes in the iteration before."""
    log: bytes | None
    """What an earlier attempt left: a file of the run's tables."""
    elsewhere: tuple[int, int]
    """Prompt and completion tokens that the run has spent so far."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The hub's answer to what a worker wrote."""

    elsewhere: tuple[int, int]
    """Prompt and completion tokens that the run has spent, without this attempt's."""
    stop: str | None = None
    """Why the worker is to end, if it is."""


@dataclass(frozen=True, slots=True)
class News:
    """What happened in the hub since it was last asked."""

    outcomes: list[Outcome] = field(default_factory=list)
    """Without their data."""
    usage: Usage = NOTHING
    """Counts since the hub was made."""
    active: int = 0
    """Shards that a worker has and has not ended."""
