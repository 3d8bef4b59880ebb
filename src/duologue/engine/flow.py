"""Bounded concurrent mapping without a batch barrier: a place is filled again as soon as its work ends.

Memory is bounded by ``limit``, whatever the number of items: items are drawn from their source only when there is
room, and finished results wait only for as many as ``2 * limit`` places.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Generic, TypeVar, cast

T = TypeVar("T")
R = TypeVar("R")

Items = Iterable[T] | AsyncIterator[T]
Work = Callable[[T], Awaitable[R]]


async def stream(items: Items[T], work: Work[T, R], *, limit: int) -> AsyncIterator[tuple[int, R]]:
    """Yield (index of the item, result) as the work on each ends, with at most ``limit`` at work.

    The first exception of ``work`` or ``items`` cancels the rest, waits until they have ended, and is raised; work
    that may fail alone handles its own failure.
    """
    flow: _Flow[T, R] = _Flow(items, work, limit, in_order=False)
    try:
        while (found := await flow.next()) is not None:
            yield found
    finally:
        await flow.close()


async def ordered(items: Items[T], work: Work[T, R], *, limit: int) -> AsyncIterator[R]:
    """Yield results in the order of the items, looking at most ``2 * limit`` items ahead. Else like :func:`stream`."""
    flow: _Flow[T, R] = _Flow(items, work, limit, in_order=True)
    try:
        while (found := await flow.next()) is not None:
            yield found[1]
    finally:
        await flow.close()


class _Flow(Generic[T, R]):
    def __init__(self, items: Items[T], work: Work[T, R], limit: int, *, in_order: bool) -> None:
        if limit < 1:
            raise ValueError("limit must be at least 1")
        self._work = work
        self._limit = limit
        self._in_order = in_order
        self._plain = None if isinstance(items, AsyncIterator) else iter(items)
        self._async = items if isinstance(items, AsyncIterator) else None
        self._pull: asyncio.Task[T] | None = None
        self._exhausted = False
        self._started = 0
        self._yielded = 0
        self._running: dict[asyncio.Task[R], int] = {}
        self._ready: deque[tuple[int, R]] = deque()
        self._held: dict[int, R] = {}
        self._error: BaseException | None = None
        self._wake: asyncio.Future[None] | None = None
        self._closing = False

    async def next(self) -> tuple[int, R] | None:
        """The next result, or None after the last."""
        while True:
            self._fill()
            if self._error is not None:
                raise self._error
            found = self._take()
            if found is not None:
                self._yielded += 1
                return found
            if self._exhausted and not self._running:
                return None
            self._wake = asyncio.get_running_loop().create_future()
            try:
                await self._wake
            finally:
                self._wake = None

    async def close(self) -> None:
        """Cancel what is still at work and wait until it has ended."""
        self._closing = True
        rest: list[asyncio.Task[R] | asyncio.Task[T]] = [*self._running]
        if self._pull is not None:
            rest.append(self._pull)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _take(self) -> tuple[int, R] | None:
        if not self._in_order:
            return self._ready.popleft() if self._ready else None
        if self._yielded in self._held:
            return self._yielded, self._held.pop(self._yielded)
        return None

    def _fill(self) -> None:
        while (
            not self._exhausted
            and not self._closing
            and self._error is None
            and self._pull is None
            and len(self._running) < self._limit
            and self._started - self._yielded < 2 * self._limit
        ):
            if self._plain is None:
                self._pull = asyncio.ensure_future(_next(cast("AsyncIterator[T]", self._async)))
                self._pull.add_done_callback(self._pulled)
                return
            try:
                item = next(self._plain)
            except StopIteration:
                self._exhausted = True
                return
            except Exception as error:
                self._error = error
                return
            self._start(item)

    def _start(self, item: T) -> None:
        task: asyncio.Task[R] = asyncio.ensure_future(_run(self._work, item))
        self._running[task] = self._started
        self._started += 1
        task.add_done_callback(self._ended)

    def _pulled(self, pull: asyncio.Task[T]) -> None:
        self._pull = None
        error = None if pull.cancelled() else pull.exception()
        if pull.cancelled() or isinstance(error, _End):
            self._exhausted = True
        elif error is not None:
            self._error = self._error or error
        elif not self._closing:
            self._start(pull.result())
            self._fill()
        self._notify()

    def _ended(self, task: asyncio.Task[R]) -> None:
        index = self._running.pop(task)
        if task.cancelled():
            self._error = self._error or asyncio.CancelledError()
        elif (error := task.exception()) is not None:
            self._error = self._error or error
        elif self._in_order:
            self._held[index] = task.result()
        else:
            self._ready.append((index, task.result()))
        if not self._closing:
            self._fill()
        self._notify()

    def _notify(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


class _End(Exception):
    """An async source is exhausted; StopAsyncIteration itself can't leave a task."""


async def _next(source: AsyncIterator[T]) -> T:
    try:
        return await anext(source)
    except StopAsyncIteration:
        raise _End from None


async def _run(work: Work[T, R], item: T) -> R:
    return await work(item)
