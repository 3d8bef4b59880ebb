"""The users of an earlier version of a data set, whom new users may meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from duologue.export.splits import Split
from duologue.records import Profile


@dataclass(frozen=True, slots=True)
class Earlier:
    """Who is there already, and in which split."""

    users: tuple[Profile, ...] = ()
    """Users that stand in a pair of the earlier version and may be met."""
    splits: Mapping[str, Split] = field(default_factory=dict)
    """The split of each of them, by id."""
    pairs: int = 0
    """Index of the first new pair: one more than the greatest there is."""
