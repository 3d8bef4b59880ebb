"""Who answers what, in which order."""

from __future__ import annotations

import random
from collections.abc import Sequence

from duologue.errors import UsageError
from duologue.review.study.records import Plan, Task


def assign(plan: Plan, tasks: Sequence[Task]) -> dict[str, list[str]]:
    """By annotator: ids of their tasks, in the order shown.

    Each task goes to ``per_item`` annotators, so that all have as many as each other, but for one; gold questions go to
    everyone. Tasks of one kind stay together, in an order of each annotator's own. Raises UsageError where there are
    fewer annotators than each task needs, or two of one name.
    """
    names = plan.annotators
    if len(set(names)) != len(names) or not all(names):
        raise UsageError("--annotators: every annotator needs a name of their own")
    if not 1 <= plan.per_item <= len(names):
        raise UsageError(f"--per-item {plan.per_item}: there are {len(names)} annotators; give from 1 to {len(names)}")
    given: dict[str, list[Task]] = {name: [] for name in names}
    rng = random.Random(f"{plan.seed}/assign")
    turn = 0
    ring = rng.sample(names, len(names))
    for task in tasks:
        if task.gold:
            for name in names:
                given[name].append(task)
            continue
        if turn >= len(names):
            # A new ring now and then, so that the same annotators don't always answer together.
            turn, ring = 0, _next_ring(ring, rng, plan.per_item)
        chosen = [ring[(turn + i) % len(ring)] for i in range(plan.per_item)]
        turn += plan.per_item
        for name in chosen:
            given[name].append(task)
    order = {}
    for name in names:
        own = random.Random(f"{plan.seed}/order/{name}")
        shuffled = own.sample(given[name], len(given[name]))
        order[name] = [task.id for kind in plan.kinds for task in shuffled if task.kind == kind]
    return order


def _next_ring(ring: list[str], rng: random.Random, per_item: int) -> list[str]:
    if len(ring) % per_item:
        # The last task of the round has taken some of the ring's beginning: they stay there, one turn further on.
        used = -len(ring) % per_item
        return ring[used:] + ring[:used]
    return rng.sample(ring, len(ring))
