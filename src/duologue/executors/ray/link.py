"""A worker's line to the hub: what the shard's database commits goes there, and counts as written when it is there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from duologue.backends.protocol import Answer
from duologue.engine.usage import Usage
from duologue.errors import StoreError
from duologue.executors.ray.messages import Reply
from duologue.store.call_log import unpack_answer
from duologue.store.database import Database, Statement

BEAT = 1.0
"""Seconds after which the hub is asked for news even when nothing is to be written."""


class Link:
    """Sends one message after the other, each with all that was committed meanwhile. Start ``run`` as a task."""

    def __init__(
        self, hub: Any, shard: str, attempt: int, usage: Callable[[], Usage], heard: Callable[[Reply], None]
    ) -> None:
        """``usage`` gives the counts to report, ``heard`` takes each reply."""
        self._hub = hub
        self._shard = shard
        self._attempt = attempt
        self._usage = usage
        self._heard = heard
        self._queue: list[Statement] = []
        self._added = self._arrived = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._error: StoreError | None = None

    def add(self, statements: list[Statement]) -> None:
        """Queue what was committed here."""
        self._queue.extend(statements)
        self._added += len(statements)
        self._wake.set()

    async def arrived(self) -> None:
        """Wait until everything queued by now is durable at the hub. Raises StoreError when it can't be."""
        if self._error is not None:
            raise self._error
        if self._arrived < self._added:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((self._added, future))
            await future

    async def run(self) -> None:
        """Send until cancelled."""
        while self._error is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), BEAT)
            self._wake.clear()
            await self.send()

    async def send(self) -> None:
        """Send what is queued, and the counts."""
        statements, self._queue = self._queue, []
        try:
            reply = await ask(self._hub.write, self._shard, self._attempt, statements, self._usage())
        except StoreError as error:
            self._error = error
        else:
            self._arrived += len(statements)
            self._heard(reply)
        for goal, future in self._waiting:
            if future.done():
                continue
            if self._error is not None:
                future.set_exception(self._error)
            elif goal <= self._arrived:
                future.set_result(None)
        self._waiting = [(goal, future) for goal, future in self._waiting if not future.done()]


class LinkedDatabase(Database):
    """A shard's database on the worker's disk, whose every commit is sent on. ``write`` ends when the hub has it."""

    def __init__(self, folder: Path, link: Link) -> None:
        self._link = link
        super().__init__(folder)

    def write(self, *statements: Statement) -> asyncio.Future[None]:
        """See the base class."""
        return asyncio.ensure_future(self._through(super().write(*statements)))

    async def _through(self, here: asyncio.Future[None]) -> None:
        await here
        await self._link.arrived()

    def _write_all(self, statements: Any) -> None:
        super()._write_all(statements)
        if self._error is None:
            self._link.add(statements)


class Earlier:
    """Looks calls up in the run's database, through the hub; all that are asked for at once in one message."""

    def __init__(self, hub: Any) -> None:
        self._hub = hub
        self._asked: dict[str, asyncio.Future[Answer | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, key: str) -> Answer | None:
        """The answer, or None. Raises StoreError when the hub is lost."""
        future = self._asked.get(key)
        if future is None:
            future = self._asked[key] = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = asyncio.create_task(self._ask())
        return await future

    async def _ask(self) -> None:
        await asyncio.sleep(0)
        asked, self._asked, self._task = self._asked, {}, None
        try:
            found = await ask(self._hub.find, list(asked))
        except StoreError as error:
            for future in asked.values():
                if not future.done():
                    future.set_exception(error)
            return
        for key, future in asked.items():
            if not future.done():
                future.set_result(unpack_answer(*found[key]) if key in found else None)


async def ask(method: Any, *arguments: object) -> Any:
    """Call a method of the hub and await its result. Raises StoreError, in one line, when the hub is lost or fails."""
    from ray.exceptions import RayError

    try:
        return await asyncio.wrap_future(method.remote(*arguments).future())
    except RayError as error:
        cause = str(error).strip().splitlines()
        raise StoreError(
            f"the driver's run folder can't be reached ({cause[-1] if cause else type(error).__name__}); run the same "
            "command again to go on"
        ) from error
