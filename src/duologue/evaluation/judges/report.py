"""From what the judges said to the figures of the report."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from duologue.backends.protocol import Backend
from duologue.evaluation.bootstrap import Sums
from duologue.evaluation.judges.asking import Asked, ask_all
from duologue.evaluation.judges.judging import Findings, JudgedSet, Ratings, Said
from duologue.evaluation.judges.options import JudgeOptions
from duologue.evaluation.judges.pairwise import summary
from duologue.evaluation.judges.registry import metrics
from duologue.evaluation.measure import Measured
from duologue.evaluation.records import JudgeReport
from duologue.evaluation.view import Roles, View


def judged_sets(names: Sequence[str], pools: Sequence[Sequence[View]], options: JudgeOptions) -> list[JudgedSet]:
    """The data sets as the judges see them, from their text samples."""
    return [JudgedSet(name, pool[: options.sample], pool) for name, pool in zip(names, pools, strict=True)]


def judge_sets(
    found: Sequence[Measured],
    names: Sequence[str],
    options: JudgeOptions,
    roles: Roles,
    *,
    seed: int,
    backend: Backend | None = None,
    progress: Said = lambda what, n: None,
) -> JudgeReport:
    """Ask the judges, add their figures to ``found`` and return the report's part.

    Raises what :func:`duologue.evaluation.judges.asking.ask_all` raises.
    """
    sets = judged_sets(names, [one.views for one in found], options)
    asked = asyncio.run(ask_all(sets, options, roles, seed=seed, backend=backend, progress=progress))
    progress(f"judges: {asked.calls} calls, {asked.made} of them made now", 0)
    for one, ratings in zip(found, asked.findings.ratings, strict=True):
        one.judged = {"judge": len(one.views[: options.sample])}
        _add(one, ratings, asked.findings, options, seed)
    return _report(asked, names, options, seed)


def _add(one: Measured, ratings: Ratings, found: Findings, options: JudgeOptions, seed: int) -> None:
    wanted = metrics(options.kinds)
    sums = Sums([m.name for m in wanted], seed)
    for view, ratios in ratings.of:
        sums.add(view.cluster, [ratios.get(m.name) for m in wanted])
    estimates = sums.estimates([m.range for m in wanted])
    for metric in wanted:
        made = estimates[metric.name]
        if made is None:
            one.absent[metric.name] = _why(metric.name, found)
        else:
            one.absent.pop(metric.name, None)
            one.estimates[metric.name] = made
            one.samples[metric.name] = "judge"


def _why(metric: str, found: Findings) -> str:
    kind = {"formal": "formal", "geval": "geval", "gpt": "gpt-score", "llm": "llm-eval"}[metric.split("_", 1)[0]]
    return found.unavailable.get(kind) or found.stopped or "no rating could be had; the report lists the failures"


def _report(asked: Asked, names: Sequence[str], options: JudgeOptions, seed: int) -> JudgeReport:
    found = asked.findings
    return JudgeReport(
        model=asked.model,
        kinds=options.kinds,
        sample=options.sample,
        calls=asked.calls,
        prompt_tokens=asked.prompt_tokens,
        completion_tokens=asked.completion_tokens,
        cost=asked.cost,
        stopped=found.stopped,
        unavailable=found.unavailable,
        failures=tuple(found.failures),
        pairwise=tuple(
            summary((names[0], names[place]), question, rows, seed)
            for (place, question), rows in found.compared.items()
        ),
    )
