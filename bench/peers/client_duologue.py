"""duologue's engine with its durable log on."""

from __future__ import annotations

import asyncio

from bench.engine import ours
from bench.peers.harness import Task, main


def run(task: Task) -> int:
    """Every answer is in the run's log before it is used."""
    return asyncio.run(ours(task.root, task.items, task.turns, task.concurrency))


if __name__ == "__main__":
    main(run, "duologue")
