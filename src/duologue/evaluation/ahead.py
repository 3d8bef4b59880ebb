"""What small models are asked of a sample, of several conversations at once, so that no core waits for another."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from duologue.evaluation.protocol import ConversationMetric, Ratio
from duologue.evaluation.view import View

RATED = 64
"""Conversations whose utterances the toxicity model is given together."""


def asked(
    metrics: Sequence[ConversationMetric], views: Sequence[View], threads: int | None = None
) -> Iterator[tuple[View, list[Ratio | None]]]:
    """Yield each conversation, in order, with what each metric measures of it.

    ``threads``: conversations that are measured at once; None for one a core. Models that hold the interpreter, as the
    toxicity model does, are given many utterances together instead. Results do not depend on either.
    """
    if not metrics:
        return
    if any("toxicity" in metric.needs for metric in metrics):
        rate(views)
    if all(metric.needs <= {"toxicity"} for metric in metrics):
        yield from ((view, _measure(metrics, view)) for view in views)
        return
    with ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="duologue-ahead") as pool:
        yield from zip(views, pool.map(lambda view: _measure(metrics, view), views), strict=True)


def _measure(metrics: Sequence[ConversationMetric], view: View) -> list[Ratio | None]:
    return [metric.measure(view) for metric in metrics]


def rate(views: Sequence[View]) -> None:
    """Rate the utterances of these conversations, which have a toxicity model, as :attr:`View.toxicity` does."""
    waiting = (view for view in views if "toxicity" not in view.__dict__)
    while part := list(islice(waiting, RATED)):
        model = part[0].roles.toxicity
        assert model is not None
        rated = iter(
            model.rate(
                [text for view in part for text in view.texts],
                [before for view in part for before in ("", *view.texts[:-1])],
            )
        )
        for view in part:
            view.__dict__["toxicity"] = tuple(islice(rated, len(view)))
