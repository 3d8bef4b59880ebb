"""Holding a tournament: scores, comparisons, and the winner with its reasons."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from duologue.conversations.critic.protocol import Quality, asks_model
from duologue.conversations.critic.tournament.board import Array, Board
from duologue.conversations.critic.tournament.reasons import Account, why
from duologue.conversations.critic.tournament.sequential import Sequential, Vote
from duologue.errors import DuologueError, ItemFailed, in_one_line
from duologue.records import Candidate, Comparison, Verdict

COULD_NOT_JUDGE = "could not judge: "
"""How the reason of a verdict or comparison begins whose expert failed; the cause follows."""


def could_not_judge(error: Exception) -> str:
    """The reason of a verdict or comparison that an expert could not give, in one line.

    Raises ``error`` again where it is one of ours that ends more than one item. Any other, an expert's own mistake say,
    fails the item alone.
    """
    if isinstance(error, ItemFailed):
        return f"{COULD_NOT_JUDGE}{error}"
    if isinstance(error, DuologueError):
        raise error
    return COULD_NOT_JUDGE + in_one_line(error)


_ALIKE = 0.02
"""Scores that spread less than this are not stretched further apart when they are standardised."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """How votes are asked for. Experts that ask no language model vote in every duel under either scheme."""

    name: Literal["sequential", "exhaustive"] = "sequential"
    certainty: float = 0.97
    """Sequential: probability, in (0, 1], of naming the exhaustive scheme's winner at which asking ends."""
    calls: int | None = None
    """Sequential: most model calls; None: no limit."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The outcome of a tournament."""

    winner: Candidate
    comparisons: tuple[Comparison, ...]
    """Every comparison that was made, in a fixed order."""
    votes: Mapping[str, float]
    """By candidate id: share of the votes cast in its duels that it won, in [0, 1]; 1 for a lone survivor."""
    scores: Mapping[str, tuple[Verdict, ...]]
    """By candidate id: the quality experts' verdicts in the experts' order, then those of experts that only rank."""
    certainty: float = 1.0
    """Probability of being the exhaustive scheme's winner, by the model of :mod:`.strengths`; 1 when that is sure."""
    why: Mapping[str, str] = field(default_factory=dict)
    """By candidate id: why it won or lost, in plain words on one line."""


Meeting = tuple[Comparison, ...]


async def choose(
    candidates: Sequence[Candidate],
    experts: Sequence[Quality],
    verdicts: Mapping[str, Mapping[str, Verdict]],
    *,
    scheme: Scheme = Scheme(),
    rankers: Sequence[Quality] = (),
) -> Choice | None:
    """Choose the best of a pair's survivors; None when there is none.

    ``verdicts`` holds, by candidate id and then by expert, what guards and filters said. ``rankers`` score but have no
    vote; they are used only where a language model is asked. A lone survivor wins without a duel but is scored. An
    expert that fails on a candidate gives it a verdict of value 0, and one that fails on a comparison calls it a tie.
    Raises RunStopped when the engine ends the run.
    """
    entrants = sorted(candidates, key=lambda c: c.id)
    if not entrants:
        return None
    asked = [e for e, expert in enumerate(experts) if asks_model(expert)]
    if not asked:
        rankers = ()
    said = await asyncio.gather(*(_scores(expert, entrants, verdicts) for expert in (*experts, *rankers)))
    scores = {c.id: tuple(verdict[c.id] for verdict in said) for c in entrants}
    if len(entrants) == 1:
        alone = entrants[0]
        return Choice(alone, (), {alone.id: 1.0}, scores, 1.0, {alone.id: "it stood alone"})

    table = _Table(entrants, experts, said)
    free = [e for e in range(len(experts)) if e not in asked]
    await table.hold((d, e) for d in range(len(table.duels)) for e in free)
    given = np.array([[table.vote(d, e) for e in free] for d in range(len(table.duels))], dtype=np.float64)
    board = Board(len(entrants), len(asked), given, _ranks(entrants, verdicts, scores))
    sequential: Sequential | None = None
    if not asked or scheme.name == "exhaustive":
        await table.hold((d, e) for d in range(len(table.duels)) for e in asked)
        for duel in range(len(table.duels)):
            for place, expert in enumerate(asked):
                board.votes[duel, place] = table.vote(duel, expert)
        winner = int(board.keys(board.known()).argmax())
    else:
        unasked = [*free, *range(len(experts), len(said))]
        standing = _standardised([[scores[c.id][e].value for e in unasked] for c in entrants])
        sequential = Sequential(board, standing, certainty=scheme.certainty, seed=_seed(entrants))
        await _ask(sequential, table, asked, scheme.calls)
        winner = sequential.leader
    account = Account(
        board,
        tuple(c.id for c in entrants),
        (*(experts[e].name for e in asked), *(experts[e].name for e in free)),
        given,
        winner,
        None if sequential is None else sequential.probabilities,
        sequential is None or sequential.settled,
        table.calls(asked),
        len(table.duels) * sum(2 if experts[e].both_orders else 1 for e in asked),
    )
    return Choice(
        entrants[winner],
        table.comparisons(),
        account.shares(),
        scores,
        1.0 if sequential is None or sequential.settled else float(sequential.probabilities[winner]),
        why(account),
    )


class _Table:
    """The meetings held so far. Duels, entrants and experts go by number."""

    def __init__(
        self, entrants: Sequence[Candidate], experts: Sequence[Quality], said: Sequence[Mapping[str, Verdict]]
    ) -> None:
        n = len(entrants)
        self.duels = [(entrants[i], entrants[j]) for i in range(n) for j in range(i + 1, n)]
        self._experts = experts
        self._said = said
        self._held: dict[tuple[int, int], Meeting] = {}

    async def hold(self, wanted: Iterable[tuple[int, int]]) -> None:
        """Hold meetings (duel, expert), all orders at once."""
        which = list(wanted)
        held = await asyncio.gather(*(self._both(d, e) for d, e in which))
        self._held.update(zip(which, held, strict=True))

    async def hold_briefly(self, wanted: Sequence[tuple[int, int]]) -> None:
        """Hold meetings, but show the other order only where the first answer leaves the vote open: a tie is a tie."""
        firsts = await asyncio.gather(*(self._compare(d, e, swapped=False) for d, e in wanted))
        again = [
            where
            for where, first in zip(wanted, firsts, strict=True)
            if first.winner != "tie" and self._experts[where[1]].both_orders
        ]
        seconds = dict(
            zip(again, await asyncio.gather(*(self._compare(d, e, swapped=True) for d, e in again)), strict=True)
        )
        for where, first in zip(wanted, firsts, strict=True):
            self._held[where] = (first, seconds[where]) if where in seconds else (first,)

    def meeting(self, duel: int, expert: int) -> Meeting:
        """What was said in a meeting that was held."""
        return self._held[duel, expert]

    def vote(self, duel: int, expert: int) -> float:
        """1 when every answer names the duel's first candidate, 0 when every answer names the other, else one half."""
        meeting = self._held[duel, expert]
        named = {c.first if c.winner == "first" else c.second if c.winner == "second" else "" for c in meeting}
        if len(named) != 1 or "" in named:
            return 0.5
        return 1.0 if self.duels[duel][0].id in named else 0.0

    def comparisons(self) -> tuple[Comparison, ...]:
        """All answers, by duel and then in the experts' order."""
        return tuple(c for where in sorted(self._held) for c in self._held[where])

    def calls(self, asked: Sequence[int]) -> int:
        """Number of comparisons made by the experts that ask a language model."""
        return sum(len(meeting) for (_, e), meeting in self._held.items() if e in asked)

    async def _both(self, duel: int, expert: int) -> Meeting:
        orders = (False, True) if self._experts[expert].both_orders else (False,)
        return tuple(await asyncio.gather(*(self._compare(duel, expert, swapped=swapped) for swapped in orders)))

    async def _compare(self, duel: int, expert: int, *, swapped: bool) -> Comparison:
        one, other = self.duels[duel]
        first, second = (other, one) if swapped else (one, other)
        judge = self._experts[expert]
        try:
            return await judge.compare(first, second, self._said[expert])
        except Exception as error:
            return Comparison(judge.name, first.id, second.id, "tie", could_not_judge(error))


async def _ask(sequential: Sequential, table: _Table, asked: Sequence[int], limit: int | None) -> None:
    """Ask for votes until the sequential scheme, or the limit of calls, ends it."""
    board, calls = sequential.board, 0
    while votes := await asyncio.to_thread(sequential.plan):
        if limit is not None:
            votes = votes[: (limit - calls) // 2]
        if not votes:
            return
        await table.hold_briefly([(v.duel, asked[v.expert]) for v in votes])
        for v in votes:
            meeting = table.meeting(v.duel, asked[v.expert])
            calls += len(meeting)
            board.votes[v.duel, v.expert] = table.vote(v.duel, asked[v.expert])
            _tell(sequential, v, meeting)


def _tell(sequential: Sequential, vote: Vote, meeting: Meeting) -> None:
    for swapped, comparison in enumerate(meeting):
        if not comparison.reason.startswith(COULD_NOT_JUDGE):
            said = {"first": 1, "second": -1, "tie": 0}[comparison.winner]
            sequential.strengths.tell(vote.duel, vote.expert, -1 if swapped else 1, said)


async def _scores(
    expert: Quality, candidates: Sequence[Candidate], verdicts: Mapping[str, Mapping[str, Verdict]]
) -> dict[str, Verdict]:
    async def score(candidate: Candidate) -> Verdict:
        try:
            return await expert.score(candidate, verdicts.get(candidate.id, {}))
        except Exception as error:
            return Verdict(expert.name, "quality", 0.0, False, could_not_judge(error))

    said = await asyncio.gather(*(score(c) for c in candidates))
    return {c.id: verdict for c, verdict in zip(candidates, said, strict=True)}


def _ranks(
    entrants: Sequence[Candidate],
    verdicts: Mapping[str, Mapping[str, Verdict]],
    scores: Mapping[str, Sequence[Verdict]],
) -> list[int]:
    """Each entrant's rank among those that duels and votes leave equal, the higher the better."""

    def place(number: int) -> tuple[float, float, str]:
        id_ = entrants[number].id
        # Of several faithfulness experts the first alone: each has a unit of its own.
        said = verdicts.get(id_, {}).items()
        faithful = next((v.value for name, v in said if name.startswith("faithfulness")), 0.0)
        return -faithful, -_mean([v.value for v in scores[id_]]), id_

    order = sorted(range(len(entrants)), key=place, reverse=True)
    return [order.index(number) for number in range(len(entrants))]


def _standardised(values: Sequence[Sequence[float]]) -> Array:
    """(entrants,): the mean of each row, standardised over the rows; zeros without scores."""
    means = np.array([_mean(row) for row in values], dtype=np.float64)
    return np.asarray((means - means.mean()) / max(float(means.std()), _ALIKE))


def _seed(entrants: Sequence[Candidate]) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join(c.id for c in entrants).encode()).digest()[:8])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
