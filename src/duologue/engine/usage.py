"""Counts of what the engine did, for progress and stats."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

_SPAN = 10
"""Seconds over which speed is taken."""


@dataclass(frozen=True, slots=True)
class Usage:
    """A snapshot of one engine in this process."""

    calls: int
    """Calls answered by the backend."""
    reused: int
    """Calls answered from the log."""
    shared: int
    """Calls answered by an identical one in flight."""
    retries: int
    failed: int
    """Calls given up."""
    in_flight: int
    limit: int
    """Most calls in flight at this moment."""
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: float
    """Money spent by the run folder, in the currency of the configured prices."""
    tokens_per_second: float
    """Completion tokens per second over the last 10 seconds."""


_COUNTERS = (
    "calls", "reused", "shared", "retries", "failed", "prompt_tokens", "completion_tokens", "cached_tokens"
)  # fmt: skip
NOTHING = Usage(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0, 0.0)
"""No call was made."""


def plus(one: Usage, other: Usage, times: int = 1) -> Usage:
    """The counts of ``one`` and ``times`` those of ``other``; what is no count (limit, cost, speed) is 0."""
    return replace(NOTHING, **{name: getattr(one, name) + times * getattr(other, name) for name in _COUNTERS})


class Speed:
    """Completion tokens per second over the last seconds, in constant memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun = clock()
        self._seconds: deque[list[int]] = deque(maxlen=_SPAN)

    def add(self, tokens: int) -> None:
        """Count tokens as of now."""
        second = int(self._clock())
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1][1] += tokens
        else:
            self._seconds.append([second, tokens])

    def rate(self) -> float:
        """Tokens per second."""
        now = self._clock()
        tokens = sum(n for second, n in self._seconds if second > now - _SPAN)
        return tokens / max(min(_SPAN, now - self._begun), 1.0)
