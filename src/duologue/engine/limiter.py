"""How many calls are in flight at once. Adapts to what the server bears.

The limit starts moderate and doubles every few milliseconds, so that a fast server is soon kept busy, until the first
sign of trouble. From then on each answer raises it, fast below the last known good limit and by a tenth per round
above, while latency holds. When more than a tenth of a window of calls is refused (429, 503) or times out, it is
halved; results of calls that started before the cut do not count again, so one burst cuts once. It never goes below
``min(4, maximum)``.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

Ending = Literal["ok", "busy", "error"]
"""``error``: neither an answer nor a sign of overload."""

_START = 32
_TICK = 0.02
"""Seconds after which the limit doubles at the start."""
_FLOOR = 4
_WINDOW = 16
"""Fewest results from which anything is concluded."""
_BUSY_SHARE = 0.1
_REFUSED_SHARE = 0.5
"""Share of refused calls from which all wait as long as the server asked."""
_SLOWER = 2.5
"""Latency has risen when its moving mean is more than so many times its lowest."""


@dataclass(slots=True)
class _Latency:
    mean: float
    lowest: float

    def add(self, seconds: float) -> None:
        self.mean += 0.1 * (seconds - self.mean)
        # The lowest mean is forgotten slowly: what was fast an hour ago says little.
        self.lowest = min(self.lowest * 1.001, self.mean)

    @property
    def holds(self) -> bool:
        return self.mean <= _SLOWER * self.lowest


class Limiter:
    """Gives out slots, first come first served; those who try again come first."""

    def __init__(self, maximum: int, *, fixed: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        """``fixed`` keeps the limit at ``maximum``, for backends with a set number of slots."""
        self.maximum = maximum
        self.floor = min(_FLOOR, maximum)
        self.active = 0
        self._clock = clock
        self._fixed = fixed
        self._limit = float(maximum if fixed else min(maximum, _START))
        self._good = float(maximum)
        self._ramping = not fixed and self._limit < maximum
        self._tick: asyncio.TimerHandle | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._stopped: Exception | None = None
        self._cut_at = float("-inf")
        self._resume_at = float("-inf")
        self._seen = 0
        self._busy = 0
        self._asked_wait = 0.0
        self._latencies: dict[str, _Latency] = {}

    @property
    def limit(self) -> int:
        """Most calls in flight at this moment."""
        return int(self._limit)

    async def acquire(self, *, first: bool = False) -> None:
        """Wait for a slot; ``first`` goes ahead of those who wait. Raises the error given to :meth:`stop`."""
        if self._stopped is not None:
            raise self._stopped
        if self.active < int(self._limit) and not self._waiting and self._resume_at <= self._clock():
            self.active += 1
            return
        slot: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if first:
            self._waiting.appendleft(slot)
        else:
            self._waiting.append(slot)
        self._hand_out()
        self._ramp()
        try:
            await slot
        except asyncio.CancelledError:
            if slot.cancelled():
                with suppress(ValueError):
                    self._waiting.remove(slot)
            elif slot.exception() is None:
                self.active -= 1
                self._hand_out()
            raise

    def release(self, ending: Ending, started: float, kind: str = "", *, retry_after: float | None = None) -> None:
        """Give a slot back and say how the call ended.

        ``started`` is the clock's time of its start; ``kind`` (its purpose) keeps apart latencies of unlike calls.
        """
        self.active -= 1
        if not self._fixed:
            self._learn(ending, started, kind, retry_after)
        self._hand_out()

    def stop(self, error: Exception) -> None:
        """Refuse everybody from now on with ``error``; calls in flight go on."""
        self._stopped = error
        for slot in self._waiting:
            if not slot.done():
                slot.set_exception(error)
        self._waiting.clear()
        if self._tick is not None:
            self._tick.cancel()

    def _learn(self, ending: Ending, started: float, kind: str, retry_after: float | None) -> None:
        if ending == "busy":
            self._ramping = False
            if started < self._cut_at:
                return
            self._busy += 1
            if retry_after is not None:
                self._asked_wait = max(self._asked_wait, retry_after)
        elif ending == "ok":
            self._grow(self._clock() - started, kind)
        self._seen += 1
        if self._seen >= max(_WINDOW, int(self._limit)):
            self._judge()

    def _grow(self, seconds: float, kind: str) -> None:
        latency = self._latencies.get(kind)
        if latency is None:
            latency = self._latencies[kind] = _Latency(seconds, seconds)
        latency.add(seconds)
        if not latency.holds:
            self._ramping = False
        elif self._waiting and self._limit < self.maximum:
            self._limit = min(self.maximum, self._limit + (1.0 if self._limit < self._good else 0.1))

    def _judge(self) -> None:
        """Draw conclusions from a full window, and begin the next."""
        share = self._busy / self._seen
        if self._busy >= 3 and share > _BUSY_SHARE:
            now = self._clock()
            self._limit = max(float(self.floor), self._limit / 2)
            self._good = self._limit
            self._cut_at = now
            if share > _REFUSED_SHARE and self._asked_wait > 0:
                self._resume_at = now + self._asked_wait
                asyncio.get_running_loop().call_later(self._asked_wait + 0.01, self._hand_out)
        self._seen = self._busy = 0
        self._asked_wait = 0.0

    def _ramp(self) -> None:
        if self._ramping and self._waiting and self._tick is None:
            self._tick = asyncio.get_running_loop().call_later(_TICK, self._double)

    def _double(self) -> None:
        self._tick = None
        if not self._ramping:
            return
        self._limit = min(float(self.maximum), self._limit * 2)
        self._ramping = self._limit < self.maximum
        self._hand_out()
        self._ramp()

    def _hand_out(self) -> None:
        if not self._waiting or self._resume_at > self._clock():
            return
        room = int(self._limit) - self.active
        while room > 0 and self._waiting:
            slot = self._waiting.popleft()
            if not slot.done():
                slot.set_result(None)
                self.active += 1
                room -= 1
