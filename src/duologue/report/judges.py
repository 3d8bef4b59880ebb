"""How far language models that compare candidates can be trusted: position bias, and agreement with embedded scores.

Both come from the comparisons of a run. A *duel* is two candidates of a pair under one expert; only duels that were
shown in both orders say anything about bias. (The sequential tournament doesn't show a duel again whose first answer is
a tie, so ties are rarer among them than among all answers.)
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from duologue.intervals import wilson
from duologue.records import Comparison
from duologue.store.reading import RunReader

ALIKE = 0.02
"""Embedded scores nearer than this prefer neither candidate."""


@dataclass(slots=True)
class JudgeFigures:
    """One expert that was asked in both orders. All counts; shares are in [0, 1] and 0.0 of nothing."""

    expert: str
    answers: int = 0
    """Comparisons made."""
    ties: int = 0
    """Answers that were a tie, or no verdict."""
    both: int = 0
    """Duels shown in both orders."""
    flips: int = 0
    """Those in which the answers name different candidates."""
    named: int = 0
    """Answers in duels shown in both orders that name a candidate."""
    named_first: int = 0
    """Those that name the one shown first; a fair judge does so half the time, whoever is better."""
    scored: int = 0
    """Duels in which both answers name the same candidate and the embedded score prefers one."""
    agreed: int = 0
    """Those in which it is the same one."""

    @property
    def flip_share(self) -> float:
        """Share of duels shown in both orders whose verdict flips with the order."""
        return self.flips / self.both if self.both else 0.0

    @property
    def first_share(self) -> float:
        """Share of answers that name the candidate shown first."""
        return self.named_first / self.named if self.named else 0.0

    @property
    def agreement(self) -> float:
        """Share of duels in which judge and embedded score prefer the same candidate."""
        return self.agreed / self.scored if self.scored else 0.0

    @property
    def biased(self) -> bool:
        """Whether one half lies outside the 95 % interval of :attr:`first_share`."""
        low, high = interval(self.named_first, self.named)
        return not low <= 0.5 <= high

    def as_json(self) -> dict[str, object]:
        """Plain JSON value."""
        first = interval(self.named_first, self.named)
        return {
            "expert": self.expert,
            "answers": self.answers,
            "ties": self.ties,
            "both_orders": self.both,
            "flips": self.flips,
            "flip_share": round(self.flip_share, 4),
            "first_share": round(self.first_share, 4),
            "first_share_95": [round(first[0], 4), round(first[1], 4)],
            "biased": self.biased,
            "scored": self.scored,
            "agreed": self.agreed,
            "agreement": round(self.agreement, 4),
        }


def judge_figures(reader: RunReader) -> tuple[JudgeFigures, ...]:
    """The figures of every expert that was asked in both orders, by name; none where no language model compared.

    The embedded score is that of the expert of the same aspect where there is one ("depth" for "depth-llm"), else the
    mean of all experts that were not asked in both orders.
    """
    names = reader.asked_both_ways()
    found = {name: JudgeFigures(name) for name in names}
    if not names:
        return ()
    for _, group in groupby(reader.all_comparisons(), key=lambda row: row[:2]):
        said = [c for _, _, c in group if c.expert in found]
        values = {
            id_: _embedded(reader.quality_values(id_), found) for id_ in {i for c in said for i in (c.first, c.second)}
        }
        for duel in _duels(said):
            _count(found[duel[0].expert], duel, values)
    return tuple(found[name] for name in sorted(found))


def _embedded(values: Mapping[str, float], judges: Collection[str]) -> dict[str, float]:
    return {name: value for name, value in values.items() if name not in judges and not math.isnan(value)}


def together(judges: Iterable[JudgeFigures]) -> JudgeFigures:
    """The sum over all judges."""
    total = JudgeFigures("all")
    for judge in judges:
        for name in ("answers", "ties", "both", "flips", "named", "named_first", "scored", "agreed"):
            setattr(total, name, getattr(total, name) + getattr(judge, name))
    return total


def lines(judges: tuple[JudgeFigures, ...]) -> list[str]:
    """What ``duologue stats`` says of the judges; nothing without any."""
    if not judges:
        return []
    total = together(judges)
    low, high = interval(total.named_first, total.named)
    said = [
        f"Judges: {total.answers} comparisons, {total.ties} of them ties; of {total.both} duels shown in both orders "
        f"{100 * total.flip_share:.0f} % flip with the order, {100 * total.first_share:.0f} % of answers name the one "
        f"shown first (95 % interval {100 * low:.0f}-{100 * high:.0f} %"
        + (": biased by position)" if total.biased else ", 50 % is fair)")
    ]
    if total.scored:
        said[0] += f"; in {100 * total.agreement:.0f} % of {total.scored} decided duels they agree with embedded scores"
    if len(judges) > 1:
        said.append(
            "By judge (flips, first shown, agreement): "
            + ", ".join(
                f"{j.expert} {_percent(j.flip_share, j.both)} {_percent(j.first_share, j.named)} "
                f"{_percent(j.agreement, j.scored)}"
                for j in judges
            )
        )
    return said


def interval(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; (0, 1) of nothing."""
    return wilson(hits / of, of) if of else (0.0, 1.0)


def _percent(share: float, of: int) -> str:
    return f"{100 * share:.0f} %" if of else "-"


def _duels(said: list[Comparison]) -> Iterator[list[Comparison]]:
    """The answers about each two candidates under each expert: one or two."""
    grouped: dict[tuple[str, str, str], list[Comparison]] = {}
    for c in said:
        grouped.setdefault((c.expert, min(c.first, c.second), max(c.first, c.second)), []).append(c)
    yield from grouped.values()


def _count(figures: JudgeFigures, duel: list[Comparison], values: dict[str, dict[str, float]]) -> None:
    figures.answers += len(duel)
    figures.ties += sum(c.winner == "tie" for c in duel)
    if len({c.first for c in duel}) < 2:
        return
    figures.both += 1
    names = [c.first if c.winner == "first" else c.second for c in duel if c.winner != "tie"]
    figures.named += len(names)
    figures.named_first += sum(c.winner == "first" for c in duel)
    figures.flips += len(set(names)) > 1
    if len(names) < len(duel) or len(set(names)) > 1:
        return
    better, worse = names[0], next(id_ for id_ in (duel[0].first, duel[0].second) if id_ != names[0])
    lead = _score(figures.expert, values[better]) - _score(figures.expert, values[worse])
    if abs(lead) >= ALIKE:
        figures.scored += 1
        figures.agreed += lead > 0


def _score(expert: str, values: dict[str, float]) -> float:
    aspect = expert.removesuffix("-llm")
    if aspect in values and aspect != expert:
        return values[aspect]
    return sum(values.values()) / len(values) if values else 0.0
