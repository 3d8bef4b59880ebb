"""A bare aiohttp loop: the yardstick."""

from __future__ import annotations

import asyncio

from bench.engine import bare
from bench.peers.harness import Task, main


def run(task: Task) -> int:
    """Session, semaphore, gather."""
    return asyncio.run(bare(task.root, task.items, task.turns, task.concurrency))


if __name__ == "__main__":
    main(run, "aiohttp")
