"""Measuring in several processes what Python computes by itself, and would else compute on one core."""

from __future__ import annotations

import multiprocessing
import pickle
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
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

    With more than one of the ``processes``, further ones measure what comes after the first 1,000 conversations. A metric that
    remembers earlier conversations, or can't be sent, stays in this process, and so does all once a process was killed.
    """
    reading = iter(dialogues)
    # What other processes are not sent is not seen here either.
    roles = replace(roles, reference=None)
    for dialogue in islice(reading, FIRST) if processes > 1 else reading:
        view = View(dialogue, roles)
        yield view, [metric.measure(view) for metric in metrics]
    rest = list(islice(reading, CHUNK))
    if not rest:
        return
    places = [place for place, metric in enumerate(metrics) if _can_be_sent(metric)]
    sent = pickle.dumps(([metrics[place] for place in places], Roles(critic=roles.critic, seeds=roles.seeds)))
    # A forked process would have the threads' locks without the threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(sent,)) if places else None
    waiting: deque[tuple[list[Dialogue], Future[list[Measures]] | None]] = deque()
    try:
        while rest or waiting:
            while rest and len(waiting) < AHEAD * processes:
                waiting.append((rest, _send(pool, rest)))
                rest = list(islice(reading, CHUNK))
            chunk, future = waiting.popleft()
            done = _result(future)
            for number, dialogue in enumerate(chunk):
                view = View(dialogue, roles)
                known = dict(zip(places, done[number], strict=True)) if done is not None else {}
                yield view, [known[i] if i in known else metric.measure(view) for i, metric in enumerate(metrics)]
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _can_be_sent(metric: ConversationMetric) -> bool:
    # One that does not say whether it remembers may.
    if getattr(metric, "remembers", True):
        return False
    try:
        pickle.dumps(metric)
    except (pickle.PicklingError, TypeError, AttributeError):
        return False
    return True


def _send(pool: ProcessPoolExecutor | None, chunk: list[Dialogue]) -> Future[list[Measures]] | None:
    try:
        return pool.submit(_measure, chunk) if pool is not None else None
    except BrokenProcessPool:
        return None


def _result(future: Future[list[Measures]] | None) -> list[Measures] | None:
    try:
        return future.result() if future is not None else None
    except BrokenProcessPool:
        return None


_held: tuple[Sequence[ConversationMetric], Roles] | None = None


def _begin(sent: bytes) -> None:
    global _held
    # What this program pickled itself a moment ago.
    _held = pickle.loads(sent)  # noqa: S301


def _measure(chunk: list[Dialogue]) -> list[Measures]:
    assert _held is not None
    metrics, roles = _held
    views = (View(dialogue, roles) for dialogue in chunk)
    return [[metric.measure(view) for metric in metrics] for view in views]
