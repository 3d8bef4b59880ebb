"""Why a tournament ended as it did, in one line for each entrant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from duologue.conversations.critic.tournament.board import Array, Board


@dataclass(frozen=True, slots=True)
class Account:
    """A finished tournament, as far as reasons need it. Entrants and duels go by number."""

    board: Board
    ids: tuple[str, ...]
    experts: tuple[str, ...]
    """Names, those that were asked first, then those whose votes were given."""
    given: Array
    """(duels, experts that need not be asked): their votes."""
    winner: int
    probabilities: Array | None
    """(entrants,): of being the exhaustive scheme's winner; None when every vote was asked for."""
    settled: bool
    """Whether no vote left open could have changed the winner."""
    calls: int
    """Comparisons by language models that were made."""
    exhaustive: int
    """Those that the exhaustive scheme makes."""

    def tables(self) -> tuple[Array, Array]:
        """(entrants, entrants, experts): votes that the one got from the other's duel with it, and votes cast."""
        board = self.board
        cast = np.concatenate([~board.open, np.ones_like(self.given, dtype=bool)], axis=1)
        votes = np.concatenate([np.nan_to_num(board.votes), self.given], axis=1)
        got = np.zeros((board.entrants, board.entrants, board.voters))
        held = np.zeros_like(got)
        got[board.one, board.other] = votes
        got[board.other, board.one] = np.where(cast, 1.0 - votes, 0.0)
        held[board.one, board.other] = held[board.other, board.one] = cast
        return got, held

    def shares(self) -> dict[str, float]:
        """By id: the share of the votes cast in its duels that an entrant won; 0 when none was cast."""
        got, held = self.tables()
        return {id_: float(got[i].sum() / held[i].sum()) if held[i].sum() else 0.0 for i, id_ in enumerate(self.ids)}


def why(account: Account) -> Mapping[str, str]:
    """By id: why the entrant won, or how it lost."""
    got, held = account.tables()
    winner = account.winner
    return {
        id_: _won(account, got, held) if i == winner else _lost(account, got, held, i)
        for i, id_ in enumerate(account.ids)
    }


def _won(account: Account, got: Array, held: Array) -> str:
    winner = account.winner
    own, of = got[winner], held[winner]
    ahead = sum(_leads(account, got, held, winner, j) for j in range(len(account.ids)) if j != winner)
    parts = [
        f"won {ahead} of {len(account.ids) - 1} duels and {own.sum():g} of {of.sum():g} votes ("
        + ", ".join(f"{name} {own[:, e].sum():g}/{of[:, e].sum():g}" for e, name in enumerate(account.experts))
        + ")"
        if account.experts
        else "no expert votes"
    ]
    rivals = np.argsort(-account.probabilities, kind="stable") if account.probabilities is not None else ()
    second = next((int(j) for j in rivals if int(j) != winner and account.probabilities is not None), None)
    if account.exhaustive:
        parts.append(f"{account.calls} of {account.exhaustive} comparisons asked")
    if account.probabilities is not None and second is not None:
        if account.settled:
            parts.append("no other could have changed that")
        else:
            parts.append(
                f"all of them would name it too with probability {_short(account.probabilities[winner])}, "
                f"{account.ids[second]} with {_short(account.probabilities[second])}"
            )
    return "; ".join(parts)


def _short(probability: float) -> str:
    """Two decimals, but never as sure as 0 or 1."""
    return ">0.99" if probability > 0.994 else "<0.01" if probability < 0.005 else f"{probability:.2f}"


def _lost(account: Account, got: Array, held: Array, loser: int) -> str:
    winner = account.winner
    cast = held[loser, winner].sum()
    how = f"{got[loser, winner].sum():g} of {cast:g} votes in their duel" if cast else "they did not meet"
    met = [j for j in range(len(account.ids)) if j != loser and held[loser, j].sum()]
    won = sum(_leads(account, got, held, loser, j) for j in met)
    return f"lost to {account.ids[winner]}: {how}; {won} of {len(met)} duels won"


def _leads(account: Account, got: Array, held: Array, one: int, other: int) -> bool:
    """Whether more of the votes cast in a duel went to the one than to the other."""
    return bool(2.0 * got[one, other].sum() > held[one, other].sum())
