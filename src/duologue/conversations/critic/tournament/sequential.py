"""Which votes of a tournament to ask for next, and when to stop."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from duologue.conversations.critic.tournament.board import Array, Board, Mask
from duologue.conversations.critic.tournament.strengths import Strengths

DRAWS = 256
"""Ways in which the open votes may fall that are drawn each time."""
AT_ONCE = 2
"""Votes of a duel that are asked for together."""


class Vote(NamedTuple):
    """One vote to be cast."""

    duel: int
    expert: int


class Sequential:
    """Names the votes worth asking for, one duel after another, until the winner is as good as sure.

    The winner meant is the one that asking for every vote would name. Its probability for each entrant is its share of
    the draws of the open votes. Asked is the duel whose outcome tells most about the winner (mutual information), of
    its votes those of the experts asked least so far. It stops when the leader's probability reaches ``certainty``, or
    when no open vote can change the winner; a certainty of 1 means only the latter.
    """

    def __init__(self, board: Board, scores: Array, *, certainty: float, seed: int) -> None:
        self.board = board
        self.strengths = Strengths(board, scores, draws=DRAWS, seed=seed)
        self.probabilities: Array = np.zeros(board.entrants)
        """(entrants,): of being the winner, as of the last :meth:`plan`."""
        self.settled = False
        """Whether no open vote can change the winner any more."""
        self._certainty = certainty

    @property
    def leader(self) -> int:
        """The likeliest winner."""
        return int(self.probabilities.argmax())

    def plan(self) -> tuple[Vote, ...]:
        """The votes to ask for now, none when it is over. Deterministic, given the votes so far."""
        board = self.board
        open_ = board.open
        drawn = self.strengths.draw()
        votes = np.where(open_, drawn, np.nan_to_num(board.votes))
        totals = board.totals(votes)
        winners = board.keys(totals).argmax(axis=-1)
        self.probabilities = np.bincount(winners, minlength=board.entrants) / len(winners)
        leader = self.leader
        rivals = board.rivals(leader)
        self.settled = not rivals
        if self.settled or (self._certainty < 1.0 and self.probabilities[leader] >= self._certainty):
            return ()
        duel = self._duel(open_, totals, winners, leader, rivals)
        asked = (~open_).sum(axis=0)
        experts = sorted(np.flatnonzero(open_[duel]).tolist(), key=lambda e: (asked[e], e))
        return tuple(Vote(duel, expert) for expert in experts[:AT_ONCE])

    def _duel(self, open_: Mask, totals: Array, winners: npt.NDArray[np.intp], leader: int, rivals: list[int]) -> int:
        board = self.board
        concerned = np.isin(board.one, [leader, *rivals]) | np.isin(board.other, [leader, *rivals])
        can_ask = open_.any(axis=1) & concerned
        worth = np.flatnonzero(board.contested() & can_ask)
        if not len(worth):
            # Duels won and lost stand; only the sum of votes is left to break a tie between entrants.
            return int(np.flatnonzero(can_ask)[0])
        told = _information(totals[:, worth], board.voters, winners, board.entrants)
        if told.max() > 0.0:
            return int(worth[told.argmax()])
        # No draw has another winner, so the draws can't tell; what can still lift a rival over the leader is asked.
        between = np.isin(board.one, [leader]) | np.isin(board.other, [leader])
        return int(worth[np.argmax(between[worth])])


def _information(totals: Array, voters: int, winners: npt.NDArray[np.intp], entrants: int) -> Array:
    """(duels,): mutual information, in nats, between each duel's outcome and the winner, over the draws."""
    twice = np.rint(2.0 * totals)
    outcome = np.stack([twice > voters, twice == voters, twice < voters], axis=-1).astype(np.float32)
    who = (winners[:, None] == np.arange(entrants)).astype(np.float32)
    draws = len(winners)
    joint = (who.T @ outcome.reshape(draws, -1) / draws).reshape(entrants, -1, 3).astype(np.float64)
    apart = joint.sum(axis=0, keepdims=True) * joint.sum(axis=2, keepdims=True)
    ratio = np.divide(joint, apart, out=np.ones_like(joint), where=joint > 0.0)
    return np.asarray(np.round((joint * np.log(ratio)).sum(axis=(0, 2)), 9))
