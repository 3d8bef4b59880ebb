"""The run in figures: the funnel, what each iteration accepted, and how the experts' scores moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from duologue.report.stats import StageAccount, account
from duologue.review.charts import Series, bars, lines
from duologue.review.index import NO_VALUE, Index
from duologue.review.source import Source
from duologue.store.reading import Count

_STEPS = (("attribute", "attributes"), ("profile", "profiles"), ("pair", "pairs"))


@dataclass(frozen=True, slots=True)
class Overview:
    """What the first page shows. Charts are SVG made here, from figures and escaped names."""

    accounts: tuple[dict[str, object], ...]
    """By stage and iteration, as ``StageAccount.as_json``."""
    funnel: str
    acceptance: str
    scores: str
    experts: tuple[tuple[str, str, int, float, float | None], ...]
    """Name, kind, verdicts, share passed, mean value, over the conversations of the data set."""


def refresh(index: Index, source: Source) -> None:
    """Work the figures out and keep them with the index. Goes through all rows: for the background."""
    counts = [[c.stage, c.iteration, c.status, c.by, c.n] for c in source.counts()]
    connection = index.reader()
    if not counts:
        counts = [
            list(row)
            for row in connection.execute('SELECT stage, iteration, status, "", count(*) FROM rows GROUP BY 1, 2, 3')
        ]
    scores = connection.execute(
        "SELECT e.name, e.kind, r.iteration, count(*), sum(s.passed), sum(s.value != ?1),"
        " sum(CASE WHEN s.value = ?1 THEN 0.0 ELSE s.value END) FROM experts e CROSS JOIN scores s ON s.expert = e.id"
        " CROSS JOIN rows r ON r.n = s.n WHERE r.stage = 'conversation' GROUP BY 1, 2, 3",
        (NO_VALUE,),
    ).fetchall()
    index.set_meta("figures", orjson.dumps({"counts": counts, "scores": scores}).decode())


def overview(index: Index) -> Overview | None:
    """The latest figures; None before the first were worked out."""
    kept = index.meta("figures")
    if kept is None:
        return None
    figures = orjson.loads(kept)
    accounts = account(Count(*row) for row in figures["counts"])
    steps = [(label, sum(a.accepted for a in accounts if a.stage == stage and (stage != "pair" or a.iteration == 0)))
             for stage, label in _STEPS]  # fmt: skip
    looped = [a for a in accounts if a.stage == "candidate"]
    steps.append(("candidates", sum(a.total for a in looped)))
    final = [a for a in accounts if a.stage == "conversation" and a.iteration == 0]
    latest = [a for a in accounts if a.stage == "conversation"]
    steps.append(
        ("conversations", sum(a.accepted for a in final) if final else max((a.accepted for a in latest), default=0))
    )
    iterations = sorted({a.iteration for a in looped})
    survived = Series("candidates that passed every guard and filter", tuple(
        (i, 1.0 - _refused(looped, i)) for i in iterations))  # fmt: skip
    with_winner = Series("pairs with a conversation", tuple(
        (a.iteration, a.acceptance) for a in latest if a.iteration))  # fmt: skip
    by_expert: dict[str, list[tuple[int, float]]] = {}
    experts = []
    data_set = (
        0 if any(row[2] == 0 for row in figures["scores"]) else max((row[2] for row in figures["scores"]), default=0)
    )
    for name, kind, iteration, n, passed, valued, total in figures["scores"]:
        mean = total / valued if valued else None
        if iteration and kind == "quality" and mean is not None:
            by_expert.setdefault(name, []).append((iteration, mean))
        if iteration == data_set:
            experts.append((name, kind, n, passed / n, mean))
    experts.sort(key=lambda row: ({"filter": 0, "quality": 1, "guard": 2}.get(row[1], 3), row[0]))
    return Overview(
        tuple(a.as_json() for a in accounts),
        bars([step for step in steps if step[1]], "Funnel of the run"),
        lines([s for s in (survived, with_winner) if s.points], "Share by iteration"),
        lines(
            [Series(name, tuple(sorted(points))) for name, points in sorted(by_expert.items())],
            "Mean score by iteration",
        ),
        tuple(experts),
    )


def _refused(accounts: Sequence[StageAccount], iteration: int) -> float:
    here = [a for a in accounts if a.iteration == iteration]
    total = sum(a.total for a in here)
    refused = sum(n for a in here for by, n in a.rejected_by.items() if by != "tournament") + sum(
        a.failed for a in here
    )
    return refused / total if total else 0.0
