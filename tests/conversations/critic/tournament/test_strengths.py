from __future__ import annotations

import numpy as np
import pytest

from duologue.conversations.critic.tournament.board import Board
from duologue.conversations.critic.tournament.strengths import Strengths, _derivatives


def _strengths(entrants: int = 3, asked: int = 2, scores: list[float] | None = None) -> Strengths:
    duels = entrants * (entrants - 1) // 2
    board = Board(entrants, asked, np.zeros((duels, 0)), range(entrants))
    return Strengths(board, np.array(scores or [0.0] * entrants), draws=2000, seed=1)


def test_nothing_known_is_even() -> None:
    votes = _strengths().draw()
    assert votes.shape == (2000, 3, 2)
    assert set(np.unique(votes)) == {0.0, 0.5, 1.0}
    assert votes.mean() == pytest.approx(0.5, abs=0.02)


def test_the_embedded_score_leans() -> None:
    votes = _strengths(scores=[1.0, 0.0, -1.0]).draw()
    assert votes[:, 1].mean() > votes[:, 0].mean() > 0.52


def test_answers_teach_the_other_expert_and_the_other_duels() -> None:
    strengths = _strengths()
    before = strengths.draw()
    # Entrant 0 wins duels 0 and 1 under expert 0, in both orders.
    for duel in (0, 1):
        strengths.tell(duel, 0, 1, 1)
        strengths.tell(duel, 0, -1, -1)
    after = strengths.draw()
    assert after[:, 0, 0].mean() > before[:, 0, 0].mean() + 0.1
    assert after[:, 0, 1].mean() > before[:, 0, 1].mean() + 0.05
    assert after[:, 2].mean() == pytest.approx(0.5, abs=0.05)
    # One more step up the ladder: 1 beats 2, so 0 beats 2 more surely.
    strengths.tell(2, 0, 1, 1)
    strengths.tell(2, 0, -1, -1)
    assert strengths.draw()[:, 1].mean() > after[:, 1].mean()


def test_a_preference_for_the_first_shown_is_no_strength() -> None:
    strengths = _strengths()
    for duel in range(3):
        strengths.tell(duel, 0, 1, 1)
        strengths.tell(duel, 0, -1, 1)
    votes = strengths.draw()
    assert votes.mean() == pytest.approx(0.5, abs=0.03)
    # With such a judge most votes will be ties.
    assert (votes == 0.5).mean() > (_strengths().draw() == 0.5).mean() + 0.1


def test_draws_are_the_same_for_the_same_answers() -> None:
    one, other = _strengths(), _strengths()
    for strengths in (one, other):
        strengths.tell(0, 1, 1, -1)
    assert (one.draw() == other.draw()).all()
    one.tell(2, 0, -1, 0)
    assert (one.draw() != other.draw()).any()


@pytest.mark.parametrize("said", [1.0, -1.0, 0.0])
def test_the_derivatives_are_those_of_the_log_probability(said: float) -> None:
    def log_probability(lead: float) -> float:
        first, second = 1 / (1 + np.exp(-(lead - 0.25))), 1 / (1 + np.exp(lead + 0.25))
        return float(np.log({1.0: first, -1.0: second, 0.0: 1 - first - second}[said]))

    step = 1e-4
    for lead in (-2.0, 0.0, 0.7):
        slope, curve = _derivatives(np.array([lead]), np.array([said]))
        up, here, down = (log_probability(lead + d) for d in (step, 0.0, -step))
        assert slope[0] == pytest.approx((up - down) / (2 * step), abs=1e-6)
        assert curve[0] == pytest.approx(-(up - 2 * here + down) / step**2, abs=1e-4)
