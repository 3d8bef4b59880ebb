"""Measuring in several processes what Python computes by itself, and would else compute on one core."""

from __future__ import annotations

import multiprocessing
import pickle
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice

from duologue.datasets.records import Dialogue
from duologue.evaluation.protocol import ConversationMetric, Ratio
from duologue.evaluation.view import Roles, View

FIRST = 1000
"""Conversations that are measured before other processes are started, which takes a second or two."""
CHUNK = 64
"""Conversations that are sent to a process at once."""
AHEAD = 3
"""Chunks that wait for each process; bounds memory."""
Measures = list[Ratio | None]


def measured(
    metrics: Sequence[ConversationMetric], dialogues: Iterable[Dialogue], roles: Roles, processes: int
) -> Iterator[tuple[View, Measures]]:
    """Yield each conversation, in order, with what each metric measures of it. The metrics need no model.

    With more than one of the ``processes``, further ones measure what comes after the first 1,000 conversations; a metric that
    can't be sent to them keeps all in this one, and so does a process that was killed.
    """
    reading = iter(dialogues)
    for dialogue in islice(reading, FIRST) if processes > 1 else reading:
        yield _one(metrics, View(dialogue, roles))
    rest = list(islice(reading, CHUNK))
    if not rest:
        return
    try:
        sent = pickle.dumps((list(metrics), Roles(critic=roles.critic, seeds=roles.seeds)))
    except (pickle.PicklingError, TypeError, AttributeError):
        for dialogue in (*rest, *reading):
            yield _one(metrics, View(dialogue, roles))
        return
    # A forked process would have the threads' locks without the threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(sent,))
    waiting: deque[tuple[list[Dialogue], Future[list[Measures]] | None]] = deque()
    try:
        while rest or waiting:
            while rest and len(waiting) < AHEAD * processes:
                waiting.append((rest, _send(pool, rest)))
                rest = list(islice(reading, CHUNK))
            chunk, future = waiting.popleft()
            views = [View(dialogue, roles) for dialogue in chunk]
            yield from zip(views, _result(future, metrics, views), strict=True)
    finally:
        pool.shutdown(cancel_futures=True)


def _one(metrics: Sequence[ConversationMetric], view: View) -> tuple[View, Measures]:
    return view, [metric.measure(view) for metric in metrics]


def _send(pool: ProcessPoolExecutor, chunk: list[Dialogue]) -> Future[list[Measures]] | None:
    try:
        return pool.submit(_measure, chunk)
    except BrokenProcessPool:
        return None


def _result(
    future: Future[list[Measures]] | None, metrics: Sequence[ConversationMetric], views: Sequence[View]
) -> list[Measures]:
    if future is not None:
        try:
            return future.result()
        except BrokenProcessPool:
            pass
    return [_one(metrics, view)[1] for view in views]


_held: tuple[Sequence[ConversationMetric], Roles] | None = None


def _begin(sent: bytes) -> None:
    global _held
    # What this program pickled itself a moment ago.
    _held = pickle.loads(sent)  # noqa: S301


def _measure(chunk: list[Dialogue]) -> list[Measures]:
    assert _held is not None
    metrics, roles = _held
    return [_one(metrics, View(dialogue, roles))[1] for dialogue in chunk]
