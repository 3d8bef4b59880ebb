"""What a pairing policy offers: scored edges between users, the strongest of each user, never all pairs.

A third party adds a policy by an entry point of the group ``duologue.pairing`` whose object, called with the
:class:`PairingConfig`, returns a :class:`PairingPolicy`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from duologue.models.protocol import Floats
from duologue.records import Profile

ENTRY_POINTS = "duologue.pairing"


class Edge(NamedTuple):
    """Two users, as places in the sequence given, who may be paired."""

    i: int
    j: int
    """Never equal to ``i``. The same two users may be named twice, in either order."""
    score: float
    """Higher is better; the policy's own unit."""


@dataclass(frozen=True, slots=True)
class EdgeTable:
    """Edges as columns, for policies that find very many; an iterable of :class:`Edge` like any other."""

    i: npt.NDArray[np.int32]
    j: npt.NDArray[np.int32]
    score: npt.NDArray[np.float64]

    def __iter__(self) -> Iterator[Edge]:
        return map(Edge, self.i.tolist(), self.j.tolist(), self.score.tolist())

    def __len__(self) -> int:
        return len(self.i)


class PairingPolicy(Protocol):
    """Scores who may talk to whom."""

    name: str

    def edges(
        self, users: Sequence[Profile], vectors: Callable[[], Floats], partners: int, rng: random.Random
    ) -> Iterable[Edge]:
        """Return edges among ``users``; for each user at least its best ``partners``, or all that are allowed.

        Among very many users fewer and not quite the best partners will do: who finds none that is free is asked again.
        ``vectors`` returns an array (len(users), dimensions) of unit-length mean embeddings, made when first asked for.
        Ties are broken by ``rng`` alone, so that a seed fixes the result.
        """
        ...
