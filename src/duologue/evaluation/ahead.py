"""What small models are asked of a sample, of several conversations at once, so that no core waits for another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import TypeVar

from duologue.evaluation.protocol import ConversationMetric, Ratio
from duologue.evaluation.view import Roles, View
from duologue.models.onnx import Remembering

RATED = 64
"""Conversations whose utterances the toxicity model is given together."""
LANES = 2
"""Conversations that are measured at once, on any number of cores: while one is thought about, the models read the other,
and they take all cores by themselves.

What a model says of a text differs in the last digits with the texts that it is asked about together, and so with those it
knows already. Each lane therefore has a memory of its own and takes its conversations in order: the same report comes out
every time.
"""
Model = TypeVar("Model")


def asked(metrics: Sequence[ConversationMetric], views: Sequence[View]) -> Iterator[tuple[View, list[Ratio | None]]]:
    """Yield each conversation, in order, with what each metric measures of it.

    The toxicity model, which would hold up the other threads, is given many utterances together instead.
    """
    if not metrics or not views:
        return
    if all(metric.needs <= {"toxicity"} for metric in metrics):
        rate(views)
        yield from ((view, _measure(metrics, view)) for view in views)
        return
    pools = [ThreadPoolExecutor(1, thread_name_prefix=f"duologue-lane-{n}") for n in range(LANES)]
    try:
        waiting = [
            pools[n % LANES].submit(_apart, metrics, view, lanes(view.roles)[n % LANES]) for n, view in enumerate(views)
        ]
        for view, future in zip(views, waiting, strict=True):
            yield view, future.result()
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)


def _apart(metrics: Sequence[ConversationMetric], view: View, lane: Roles) -> list[Ratio | None]:
    """Measure with the lane's models; what is kept of the conversation may be used by all."""
    own, view.roles = view.roles, lane
    try:
        if any("embedder" in metric.needs for metric in metrics):
            _ = view.vectors, view.attribute_vectors
        return _measure(metrics, view)
    finally:
        view.roles = own


@lru_cache(maxsize=4)
def lanes(roles: Roles) -> tuple[Roles, ...]:
    """The same models for each lane, with memories of their own where they have any."""
    return tuple(
        replace(roles, embedder=_twin(roles.embedder), nli=_twin(roles.nli), toxicity=_twin(roles.toxicity))
        for _ in range(LANES)
    )


def _twin(model: Model) -> Model:
    return model.twin() if isinstance(model, Remembering) else model


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
