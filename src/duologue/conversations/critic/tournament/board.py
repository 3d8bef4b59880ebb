"""The votes of a tournament, cast and open, and what follows from them for certain.

A *duel* is a pair of entrants. In each duel every expert has one vote, worth 1 to the entrant it prefers, or one half
to each. The entrant with more votes wins the duel, the one with most duels won wins the tournament; ties between
entrants go to the larger sum of votes and then to the higher rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class Board:
    """The state of one tournament.

    ``given`` (duels, experts) are the votes of the experts that need not be asked, from the first entrant's view, in
    [0, 1]; ``asked`` is the number of those that must be. ``ranks`` are distinct, one per entrant, the higher the
    better. Entrants, duels and asked experts are meant by number; duel ``d`` is between ``one[d] < other[d]``.
    """

    def __init__(self, entrants: int, asked: int, given: Array, ranks: Sequence[int]) -> None:
        pairs = np.array(list(combinations(range(entrants), 2)), dtype=np.intp).reshape(-1, 2)
        self.entrants = entrants
        self.asked = asked
        self.voters = asked + given.shape[1]
        """Votes in a duel, given and asked together."""
        self.one, self.other = pairs[:, 0], pairs[:, 1]
        self.votes = np.full((len(pairs), asked), np.nan)
        """(duels, asked experts): the vote from the first entrant's view; NaN while open."""
        self._given = given.sum(axis=1)
        self._ranks = np.asarray(ranks, dtype=np.float64)
        self._first = np.zeros((len(pairs), entrants))
        self._second = np.zeros((len(pairs), entrants))
        self._first[np.arange(len(pairs)), self.one] = 1.0
        self._second[np.arange(len(pairs)), self.other] = 1.0

    @property
    def open(self) -> Mask:
        """(duels, asked experts): whether the vote is still to be cast."""
        return np.asarray(np.isnan(self.votes))

    def known(self) -> Array:
        """(duels,): votes that the first entrant has for certain."""
        return np.asarray(self._given + np.nansum(self.votes, axis=1))

    def totals(self, votes: Array) -> Array:
        """(..., duels): the first entrant's sum of votes, of whole tables ``votes`` (..., duels, asked experts)."""
        return np.asarray(self._given + votes.sum(axis=-1))

    def keys(self, totals: Array) -> Array:
        """(..., entrants): a whole number that orders the entrants, given each duel's ``totals`` (..., duels)."""
        twice = np.rint(2.0 * totals)
        won = (twice > self.voters) @ self._first + (twice < self.voters) @ self._second
        votes = twice @ self._first + (2.0 * self.voters - twice) @ self._second
        return self._key(won, votes)

    def won(self, totals: Array) -> Array:
        """(entrants,): duels won, given each duel's ``totals`` (duels,)."""
        twice = np.rint(2.0 * totals)
        return np.asarray((twice > self.voters) @ self._first + (twice < self.voters) @ self._second)

    def rivals(self, leader: int) -> list[int]:
        """The entrants that some way of casting the open votes would put before ``leader``.

        The way that is worst for the leader and best for the other is one and the same, so this is exact.
        """
        known = self.known()
        most = known + self.open.sum(axis=1)
        lowest = self._key(*self._sums(known, most))[leader]
        highest = self._key(*self._sums(most, known))
        return [j for j in range(self.entrants) if j != leader and highest[j] > lowest]

    def contested(self) -> Mask:
        """(duels,): whether the open votes can still change who wins the duel, or that it is a draw."""
        known = self.known()
        most = known + self.open.sum(axis=1)
        half = self.voters / 2
        settled = (known > half) | (most < half) | (known == most)
        return np.asarray(~settled)

    def _sums(self, for_one: Array, for_one_to_other: Array) -> tuple[Array, Array]:
        """Duels won and votes of each entrant that gets ``for_one`` as the first of a duel, and as the second what
        ``for_one_to_other`` leaves."""
        mine, theirs = np.rint(2.0 * for_one), 2.0 * self.voters - np.rint(2.0 * for_one_to_other)
        won = (mine > self.voters) @ self._first + (theirs > self.voters) @ self._second
        return won, mine @ self._first + theirs @ self._second

    def _key(self, won: Array, twice: Array) -> Array:
        most = 2.0 * self.voters * max(1, self.entrants - 1) + 1.0
        return np.asarray((won * most + twice) * self.entrants + self._ranks)
