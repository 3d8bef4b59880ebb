"""How many calls are in flight at once. Adapts to what the server bears.

The limit starts moderate and doubles every few milliseconds, so that a fast server is soon kept busy, until the first
sign of trouble. From then on each answer raises it while latency holds: fast below the last known good limit, by one
per round near the limit at which the server last refused, else by a share that doubles with every window without
trouble. When more than a tenth of a window of calls is refused (429, 503) or times out, it is cut by the share
refused, at most to a half; results of calls that started before the cut do not count again, so one burst cuts once.
It never goes below ``min(4, maximum)``.

A refusal comes back sooner than an answer. So that a few slots do not use up everybody's tries, the slot of a refused
call rests until an answer would have come. Where even the fewest slots are too many, it rests longer and longer.
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
_NEAR = 0.9
"""Of the limit at which the server last refused: from here on it is approached by one per round."""
_STEP = 0.1
"""By how much an answer raises the limit above the last good one; doubles with every window without trouble, to 1."""
_REST = 0.5
"""Seconds that an answer is taken to need as long as none has come."""
_LONGEST_REST = 10.0
_MOST_DOUBLINGS = 5


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
        """Calls in flight."""
        self._resting = 0
        self._doublings = 0
        """Of the rest, since the limit can't be cut any more."""
        self._clean = 0
        """Windows without trouble since the last cut."""
        self._clock = clock
        self._fixed = fixed
        self._limit = float(maximum if fixed else min(maximum, _START))
        self._good = float(maximum)
        self._bad = float("inf")
        self._ramping = not fixed and self._limit < maximum
        self._tick: asyncio.TimerHandle | None = None
        self._new: deque[asyncio.Future[None]] = deque()
        self._again: deque[asyncio.Future[None]] = deque()
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

    @property
    def _room(self) -> int:
        return 0 if self._resume_at > self._clock() else int(self._limit) - self.active - self._resting

    async def acquire(self, *, first: bool = False) -> None:
        """Wait for a slot; ``first`` goes ahead of those who wait without it. Raises the error given to :meth:`stop`."""
        if self._stopped is not None:
            raise self._stopped
        if not self._new and not self._again and self._room > 0:
            self.active += 1
            return
        slot: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._again if first else self._new
        queue.append(slot)
        self._hand_out()
        self._ramp()
        try:
            await slot
        except asyncio.CancelledError:
            if slot.cancelled():
                with suppress(ValueError):
                    queue.remove(slot)
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
            if ending == "busy":
                self._rest(self._clock() - started, kind)
        self._hand_out()

    def stop(self, error: Exception) -> None:
        """Refuse everybody from now on with ``error``; calls in flight go on."""
        self._stopped = error
        for slot in (*self._again, *self._new):
            if not slot.done():
                slot.set_exception(error)
        self._again.clear()
        self._new.clear()
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
        elif (self._new or self._again) and self._limit < self.maximum:
            if self._limit < self._good:
                step = 1.0
            elif _NEAR * self._bad <= self._limit < self._bad / _NEAR:
                step = 1.0 / self._limit
            else:
                step = min(1.0, _STEP * 2 ** min(self._clean, 10))
            self._limit = min(self.maximum, self._limit + step)

    def _judge(self) -> None:
        """Draw conclusions from a full window, and begin the next."""
        share = self._busy / self._seen
        if self._busy >= 3 and share > _BUSY_SHARE:
            now = self._clock()
            if self._limit <= self.floor:
                self._doublings = min(self._doublings + 1, _MOST_DOUBLINGS)
            self._bad = self._limit
            self._limit = max(float(self.floor), self._limit * max(0.5, 1.0 - share))
            self._good = self._limit
            self._clean = 0
            self._cut_at = now
            if share > _REFUSED_SHARE and self._asked_wait > 0:
                self._resume_at = now + self._asked_wait
                asyncio.get_running_loop().call_later(self._asked_wait + 0.01, self._hand_out)
        else:
            self._clean += 1
            self._doublings = max(0, self._doublings - 1)
        self._seen = self._busy = 0
        self._asked_wait = 0.0

    def _rest(self, took: float, kind: str) -> None:
        latency = self._latencies.get(kind)
        usual = _REST if latency is None else latency.mean
        seconds = min(usual * 2**self._doublings, _LONGEST_REST) - took
        if seconds > 0:
            self._resting += 1
            asyncio.get_running_loop().call_later(seconds, self._rested)

    def _rested(self) -> None:
        self._resting -= 1
        self._hand_out()

    def _ramp(self) -> None:
        if self._ramping and self._new and self._tick is None:
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
        room = self._room
        while room > 0 and (self._again or self._new):
            slot = (self._again or self._new).popleft()
            if not slot.done():
                slot.set_result(None)
                self.active += 1
                room -= 1
