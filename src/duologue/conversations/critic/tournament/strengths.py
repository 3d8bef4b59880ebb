"""What answers say about the strength of entrants: a Bradley-Terry model, and draws of the votes still open.

Bradley and Terry (1952), with ties after Rao and Kupper (1967). On a scale of log odds, the entrant shown first is
preferred by ``lead + bias``, where

    lead = (strength of the first + its deviation under this expert) - (the same of the second) + the duel's own effect

and the answer is "first" with probability s(x - t), "second" with s(-x - t), else "tie" (s: logistic function). All
unknowns have normal priors, whose widths are below; strengths are centred on the embedded score times an unknown
weight. The posterior is taken as normal around its mode (Laplace), found by Newton's method.

The widths are guesses of what judges are like and were fixed before the benchmark. Too narrow a width for strengths
costs calls; too wide a one would claim certainty that isn't there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from duologue.conversations.critic.tournament.board import Array, Board

STRENGTH = 1.0
"""Standard deviation of strengths around what the score says."""
DEVIATION = 0.7
"""Standard deviation of an entrant's strength from one expert to another."""
DUEL = 0.5
"""Standard deviation of what two entrants have between them alone, shared by all experts."""
BIAS, BIAS_APART = 0.5, 0.3
"""Standard deviation of the preference for the first shown: common to all experts, and each expert's own."""
WEIGHT, WEIGHT_WIDTH = 0.5, 0.5
"""Mean and standard deviation of the weight of the standardised embedded score."""
TIE = 0.25
"""Half width of the band of leads that make a tie."""
_STEPS = 8
_ENOUGH = 0.01
_MOST = 30.0
"""Leads are cut off here, so that no exponential overflows."""


class Strengths:
    """The posterior of one tournament. ``scores`` (entrants,) come from the embedded experts, standardised or all 0.

    ``seed`` fixes the random numbers, of which every call of :meth:`draw` uses the same, so that what is drawn changes
    only by what was told in between.
    """

    def __init__(self, board: Board, scores: Array, *, draws: int, seed: int) -> None:
        self._board = board
        n, experts, duels = board.entrants, board.asked, len(board.one)
        self._bias = n + n * experts
        self._duel = self._bias + experts
        random = np.random.default_rng(seed)
        self._normal = random.standard_normal((draws, self._duel + duels))
        self._uniform = random.random((draws, duels, experts), dtype=np.float32)
        self._duels: list[int] = []
        """Duels that were asked about, in the order of their place among the unknowns."""
        self._answers: list[tuple[int, int, int, int]] = []
        """(duel, expert, 1 when the duel's first was shown first else -1, 1 first, -1 second, 0 tie)."""
        self._mean = np.zeros(self._duel)
        self._mean[:n] = WEIGHT * scores
        self._precision = np.zeros((self._duel, self._duel))
        self._precision[:n, :n] = np.linalg.inv(STRENGTH**2 * np.eye(n) + WEIGHT_WIDTH**2 * np.outer(scores, scores))
        deviations = np.arange(n, self._bias)
        self._precision[deviations, deviations] = DEVIATION**-2
        biases = np.arange(self._bias, self._duel)
        self._precision[np.ix_(biases, biases)] = np.linalg.inv(
            BIAS_APART**2 * np.eye(experts) + BIAS**2 * np.ones((experts, experts))
        )
        self._mode = self._mean.copy()

    def tell(self, duel: int, expert: int, shown_first: int, said: int) -> None:
        """Learn an answer. ``shown_first`` is 1 when the duel's first entrant was shown first, else -1; ``said`` is 1
        for the one shown first, -1 for the second, 0 for a tie."""
        if duel not in self._duels:
            self._duels.append(duel)
            self._mean = np.append(self._mean, 0.0)
            self._mode = np.append(self._mode, 0.0)
            self._precision = np.pad(self._precision, ((0, 1), (0, 1)))
            self._precision[-1, -1] = DUEL**-2
        self._answers.append((duel, expert, shown_first, said))

    def draw(self) -> npt.NDArray[np.float32]:
        """(draws, duels, asked experts): votes from the first entrant's view, drawn given all that was told.

        Every vote is drawn, also those cast; the caller knows better about these.
        """
        precision = self._fit()
        board, n = self._board, self._board.entrants
        known = np.array([*range(self._duel), *(self._duel + d for d in self._duels)])
        drawn = self._normal.copy()
        drawn[:, self._duel :] *= DUEL
        factor = np.linalg.cholesky(precision)
        drawn[:, known] = self._mode + np.linalg.solve(factor.T, self._normal[:, known].T).T
        drawn = drawn.astype(np.float32)
        strength = drawn[:, :n, None] + drawn[:, n : self._bias].reshape(len(drawn), n, board.asked)
        lead = strength[:, board.one] - strength[:, board.other] + drawn[:, self._duel :, None]
        odds = np.exp(np.clip(lead, -_MOST, _MOST))
        bias = drawn[:, None, self._bias : self._duel]
        against, favour = np.exp(TIE - bias), np.exp(TIE + bias)
        for_one = 1.0 / ((1.0 + against / odds) * (1.0 + favour / odds))
        for_other = 1.0 / ((1.0 + against * odds) * (1.0 + favour * odds))
        votes = np.full(odds.shape, 0.5, dtype=np.float32)
        votes[self._uniform < for_one] = 1.0
        votes[self._uniform > 1.0 - for_other] = 0.0
        return votes

    def _fit(self) -> Array:
        """Move to the mode and return the precision there."""
        if not self._answers:
            return self._precision
        design, said = self._design()
        for _ in range(_STEPS):
            slope, curve = _derivatives(design @ self._mode, said)
            precision = self._precision + design.T @ (curve[:, None] * design)
            gradient = design.T @ slope - self._precision @ (self._mode - self._mean)
            step = np.linalg.solve(precision, gradient)
            self._mode = self._mode + step
            if np.abs(step).max() < _ENOUGH:
                break
        # So that what differs in the last digits from one machine to another makes no difference.
        self._mode = np.round(self._mode, 6)
        return np.asarray(precision)

    def _design(self) -> tuple[Array, Array]:
        board, n = self._board, self._board.entrants
        duel, expert, sign, said = np.array(self._answers).T
        one, other = board.one[duel], board.other[duel]
        rows = np.arange(len(duel))
        place = {d: self._duel + i for i, d in enumerate(self._duels)}
        design = np.zeros((len(duel), len(self._mean)))
        design[rows, one] = sign
        design[rows, other] = -sign
        design[rows, n + one * board.asked + expert] = sign
        design[rows, n + other * board.asked + expert] = -sign
        design[rows, [place[d] for d in duel.tolist()]] = sign
        design[rows, self._bias + expert] = 1.0
        return design, said.astype(np.float64)


def _derivatives(lead: Array, said: Array) -> tuple[Array, Array]:
    """First derivative of each answer's log probability by the lead, and minus the second."""
    first, second = _logistic(lead - TIE), _logistic(-lead - TIE)
    slope = np.where(said > 0, 1.0 - first, np.where(said < 0, second - 1.0, second - first))
    here, there = first * (1.0 - first), second * (1.0 - second)
    curve = np.where(said > 0, here, np.where(said < 0, there, here + there))
    return slope, curve


def _logistic(x: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -_MOST, _MOST))))
