from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversations.critic.tournament.board import Board

VOTES = st.sampled_from([0.0, 0.5, 1.0, None])


def _board(entrants: int, asked: int, votes: list[float | None], free: list[float] = []) -> Board:  # noqa: B006
    duels = entrants * (entrants - 1) // 2
    given_votes = np.array(free, dtype=np.float64).reshape(duels, -1) if free else np.zeros((duels, 0))
    board = Board(entrants, asked, given_votes, range(entrants))
    board.votes[:] = np.array([np.nan if v is None else v for v in votes]).reshape(duels, asked)
    return board


def _winners(board: Board) -> set[int]:
    """Every winner that some way of casting the open votes has."""
    places = np.argwhere(board.open)
    found = set()
    for cast in product((0.0, 0.5, 1.0), repeat=len(places)):
        votes = board.votes.copy()
        for place, vote in zip(places, cast, strict=True):
            votes[tuple(place)] = vote
        found.add(int(board.keys(board.totals(votes)).argmax()))
    return found


def test_duels_come_before_votes_and_votes_before_ranks() -> None:
    # 0 beats 1 and 1 beats 2 narrowly, 2 beats 0 by far: one duel each, and 2 has most votes.
    board = _board(3, 3, [1, 1, 0, 0, 0, 0, 1, 1, 0])
    assert board.won(board.known()).tolist() == [1, 1, 1]
    assert int(board.keys(board.known()).argmax()) == 2
    # 0 wins both its duels by one vote; 2 has more votes.
    board = _board(3, 3, [1, 1, 0, 1, 1, 0, 0, 0, 0])
    assert int(board.keys(board.known()).argmax()) == 0
    assert int(_board(3, 1, [0.5, 0.5, 0.5]).keys(np.full(3, 0.5)).argmax()) == 2


def test_given_votes_count_in_every_duel() -> None:
    board = _board(2, 2, [0.0, None], free=[1.0])
    assert board.voters == 3
    assert board.known().tolist() == [1.0]
    assert board.contested().tolist() == [True]
    board.votes[0, 1] = 1.0
    assert not board.contested().any()
    assert board.won(board.known()).tolist() == [1, 0]


@given(st.integers(2, 3), st.integers(1, 2), st.data())
def test_rivals_are_those_that_can_still_win(entrants: int, asked: int, data: st.DataObject) -> None:
    size = entrants * (entrants - 1) // 2 * asked
    board = _board(entrants, asked, data.draw(st.lists(VOTES, min_size=size, max_size=size)))
    possible = _winners(board)
    for leader in range(entrants):
        rivals = board.rivals(leader)
        assert (not rivals) == (possible == {leader})
        # Whoever can win can beat any leader.
        assert possible - {leader} <= set(rivals)


@given(st.lists(VOTES, min_size=4, max_size=4))
def test_a_duel_is_contested_while_its_outcome_is_open(votes: list[float | None]) -> None:
    board = _board(2, 4, votes)
    ends = set()
    for cast in product((0.0, 0.5, 1.0), repeat=votes.count(None)):
        filled = iter(cast)
        total = sum(next(filled) if v is None else v for v in votes)
        ends.add((total > 2) - (total < 2))
    assert bool(board.contested()[0]) == (len(ends) > 1)


def test_lone_and_empty_boards_hold() -> None:
    board = Board(1, 2, np.zeros((0, 0)), [0])
    assert board.rivals(0) == []
    assert board.keys(board.known()).argmax() == 0
    assert board.open.size == 0


@pytest.mark.parametrize("entrants", [2, 5, 16])
def test_keys_are_distinct_whole_numbers(entrants: int) -> None:
    random = np.random.default_rng(0)
    duels = entrants * (entrants - 1) // 2
    board = Board(entrants, 5, np.zeros((duels, 0)), random.permutation(entrants).tolist())
    keys = board.keys(board.totals(random.choice([0.0, 0.5, 1.0], size=(50, duels, 5))))
    assert (keys == np.rint(keys)).all()
    assert all(len(set(row)) == entrants for row in keys.tolist())
