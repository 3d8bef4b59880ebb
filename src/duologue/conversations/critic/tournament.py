"""The tournament among a pair's surviving candidates (section 3.4: the quality experts compare and vote).

Every two candidates meet under every expert. An expert whose answer may depend on the order shown is asked in both
orders, and a candidate wins that expert's vote only when both answers name it; else the vote is a tie and each gets
half. The candidate with more of the experts' votes wins the duel, the one with most duels won wins the tournament.
Ties between candidates are broken, in this order, by the sum of votes, the faithfulness expert's value, the mean
value of the quality experts, and the lowest id, so the outcome never depends on the order in which candidates were
made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from duologue.conversations.critic.protocol import Quality
from duologue.errors import ItemFailed
from duologue.records import Candidate, Comparison, Verdict

COULD_NOT_JUDGE = "could not judge: "
"""How the reason of a verdict begins whose expert failed; the cause follows."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The outcome of a tournament."""

    winner: Candidate
    comparisons: tuple[Comparison, ...]
    """Every comparison that was made, in a fixed order."""
    votes: Mapping[str, float]
    """By candidate id: share of the votes it took part in that it won, in [0, 1]; 1 for a lone survivor."""
    scores: Mapping[str, tuple[Verdict, ...]]
    """By candidate id: the quality experts' verdicts, in the experts' order."""


async def choose(
    candidates: Sequence[Candidate],
    experts: Sequence[Quality],
    verdicts: Mapping[str, Mapping[str, Verdict]],
) -> Choice | None:
    """Choose the best of a pair's survivors; None when there is none.

    ``verdicts`` holds, by candidate id and then by expert, what guards and filters said. A lone survivor wins without a
    duel but is scored. An expert that fails on a candidate gives it a verdict of value 0, and one that fails on a
    comparison calls it a tie. Raises RunStopped when the engine ends the run.
    """
    entrants = sorted(candidates, key=lambda c: c.id)
    if not entrants:
        return None
    by_expert = await asyncio.gather(*(_scores(expert, entrants, verdicts) for expert in experts))
    scores = {c.id: tuple(verdict[c.id] for verdict in by_expert) for c in entrants}
    if len(entrants) == 1:
        return Choice(entrants[0], (), {entrants[0].id: 1.0}, scores)

    duels = list(combinations(entrants, 2))
    meetings = [
        (one, other, expert, seen) for one, other in duels for expert, seen in zip(experts, by_expert, strict=True)
    ]
    held = await asyncio.gather(*(_meet(expert, one, other, seen) for one, other, expert, seen in meetings))
    won = {c.id: 0 for c in entrants}
    votes = {c.id: 0.0 for c in entrants}
    for number, (one, other) in enumerate(duels):
        meetings_of_two = held[number * len(experts) : (number + 1) * len(experts)]
        for_one = sum(_vote(meeting, one.id) for meeting in meetings_of_two)
        for_other = len(experts) - for_one
        votes[one.id] += for_one
        votes[other.id] += for_other
        if for_one != for_other:
            won[one.id if for_one > for_other else other.id] += 1

    winner = min(
        entrants,
        key=lambda c: (
            -won[c.id],
            -votes[c.id],
            -_faithfulness(verdicts.get(c.id, {})),
            -_mean([v.value for v in scores[c.id]]),
            c.id,
        ),
    )
    cast = max(1, len(experts) * (len(entrants) - 1))
    comparisons = tuple(comparison for meeting in held for comparison in meeting)
    return Choice(winner, comparisons, {key: value / cast for key, value in votes.items()}, scores)


async def _scores(
    expert: Quality, candidates: Sequence[Candidate], verdicts: Mapping[str, Mapping[str, Verdict]]
) -> dict[str, Verdict]:
    async def score(candidate: Candidate) -> Verdict:
        try:
            return await expert.score(candidate, verdicts.get(candidate.id, {}))
        except ItemFailed as error:
            return Verdict(expert.name, "quality", 0.0, False, f"{COULD_NOT_JUDGE}{error}")

    said = await asyncio.gather(*(score(c) for c in candidates))
    return {c.id: verdict for c, verdict in zip(candidates, said, strict=True)}


async def _meet(
    expert: Quality, one: Candidate, other: Candidate, scores: Mapping[str, Verdict]
) -> tuple[Comparison, ...]:
    orders = [(one, other), (other, one)] if expert.both_orders else [(one, other)]
    return tuple(await asyncio.gather(*(_compare(expert, a, b, scores) for a, b in orders)))


async def _compare(expert: Quality, first: Candidate, second: Candidate, scores: Mapping[str, Verdict]) -> Comparison:
    try:
        return await expert.compare(first, second, scores)
    except ItemFailed as error:
        return Comparison(expert.name, first.id, second.id, "tie", f"{COULD_NOT_JUDGE}{error}")


def _vote(meeting: tuple[Comparison, ...], candidate: str) -> float:
    """1 when every order names the candidate, 0 when every order names the other, else one half."""
    named = {c.first if c.winner == "first" else c.second if c.winner == "second" else "" for c in meeting}
    if len(named) != 1 or "" in named:
        return 0.5
    return 1.0 if candidate in named else 0.0


def _faithfulness(verdicts: Mapping[str, Verdict]) -> float:
    values = [v.value for name, v in verdicts.items() if name in ("faithfulness", "faithfulness-llm")]
    return _mean(values)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
