"""The baseline: anyone may talk to anyone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from duologue.models.protocol import Floats
from duologue.pairing.protocol import Edge
from duologue.records import Profile


class RandomPairing:
    """Score: always 0, so that only the seed decides."""

    name = "random"

    def edges(
        self, users: Sequence[Profile], vectors: Callable[[], Floats], partners: int, rng: random.Random
    ) -> Iterator[Edge]:
        """Yield ``partners`` random partners of each user; ``vectors`` is not used."""
        n = len(users)
        for i in range(n):
            for j in rng.sample(range(n), min(partners + 1, n)):
                if j != i:
                    yield Edge(i, j, 0.0)
