from __future__ import annotations

import numpy as np
import pytest

from duologue.conversations.critic.tournament.board import Array, Board
from duologue.conversations.critic.tournament.sequential import AT_ONCE, Sequential, _information


def _play(strengths: list[float], *, certainty: float, asked: int = 5, scores: list[float] | None = None) -> Sequential:
    """A judge that always names the stronger in both orders."""
    n = len(strengths)
    board = Board(n, asked, np.zeros((n * (n - 1) // 2, 0)), range(n))
    sequential = Sequential(board, np.array(scores or [0.0] * n), certainty=certainty, seed=3)
    while votes := sequential.plan():
        assert 1 <= len(votes) <= AT_ONCE
        assert len({v.duel for v in votes}) == 1
        for vote in votes:
            assert np.isnan(board.votes[vote.duel, vote.expert])
            better = strengths[board.one[vote.duel]] > strengths[board.other[vote.duel]]
            board.votes[vote.duel, vote.expert] = float(better)
            for order in (1, -1):
                sequential.strengths.tell(vote.duel, vote.expert, order, order if better else -order)
    return sequential


@pytest.mark.parametrize("best", range(6))
def test_a_clear_winner_takes_few_votes(best: int) -> None:
    strengths = [float(i != best) * -1.0 - i / 10 for i in range(6)]
    sequential = _play(strengths, certainty=0.97)
    assert sequential.leader == best
    assert sequential.probabilities[best] >= 0.97
    assert (~sequential.board.open).sum() < 75 / 2


def test_the_score_saves_votes_when_it_is_right() -> None:
    strengths = [0.1, 0.9, 0.3, 0.5, 0.2]
    blind = _play(strengths, certainty=0.97)
    led = _play(strengths, certainty=0.97, scores=[-1.2, 1.7, -0.2, 0.5, -0.8])
    assert led.leader == blind.leader == 1
    assert (~led.board.open).sum() < (~blind.board.open).sum()


def test_full_certainty_asks_until_nothing_can_change() -> None:
    sequential = _play([0.3, 0.1, 0.2, 0.0], certainty=1.0)
    assert sequential.settled
    assert sequential.leader == 0
    assert sequential.board.rivals(0) == []
    # Three of five votes decide a duel, and the duels of the others need not be held to their end.
    assert (~sequential.board.open).sum() < 30


def test_the_most_telling_duel_is_that_of_the_two_that_may_win() -> None:
    totals: Array = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0]])
    winners = np.array([0, 1, 0, 1])
    told = _information(totals, 1, winners, 3)
    assert told.tolist() == pytest.approx([np.log(2), 0.0, 0.0])
