from __future__ import annotations

import numpy as np

from duologue.conversations.critic.tournament.board import Board
from duologue.conversations.critic.tournament.reasons import Account, why


def _account(settled: bool = False, *, probabilities: list[float] | None = None) -> Account:
    board = Board(3, 2, np.array([[1.0], [0.0], [0.0]]), [0, 1, 2])
    board.votes[0] = [1.0, 0.5]
    board.votes[2, 0] = 0.0
    told = None if probabilities is None else np.array(probabilities)
    return Account(
        board, ("k-a", "k-b", "k-c"), ("depth-llm", "likable-llm", "depth"), board_given(), 0, told, settled, 6, 12
    )


def board_given() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array([[1.0], [0.0], [0.0]])


def test_the_winner_is_explained() -> None:
    said = why(_account(probabilities=[0.971, 0.0, 0.029]))["k-a"]
    assert said == (
        "won 1 of 2 duels and 2.5 of 4 votes (depth-llm 1/1, likable-llm 0.5/1, depth 1/2); 6 of 12 comparisons asked; "
        "all of them would name it too with probability 0.97, k-c with 0.03"
    )
    assert "no other could have changed that" in why(_account(settled=True, probabilities=[1.0, 0.0, 0.0]))["k-a"]
    assert "probability" not in why(_account())["k-a"]
    # Not sure is never shown as sure.
    assert "probability >0.99" in why(_account(probabilities=[0.999, 0.001, 0.0]))["k-a"]


def test_the_losers_are_explained() -> None:
    said = why(_account())
    assert said["k-b"] == "lost to k-a: 0.5 of 3 votes in their duel; 0 of 2 duels won"
    assert said["k-c"] == "lost to k-a: 1 of 1 votes in their duel; 2 of 2 duels won"


def test_shares_are_of_the_votes_cast() -> None:
    assert _account().shares() == {"k-a": 2.5 / 4, "k-b": 0.5 / 5, "k-c": 1.0}
