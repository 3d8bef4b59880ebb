"""When a failed call is tried again, and after how long: exponential growth with full jitter, bounded."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from duologue.errors import CallError

BASE = 0.1
"""Seconds; the first wait is drawn from 0 to this."""
FACTOR = 4.0
"""Each further wait is drawn from a span so many times longer, so that an outage is sat out."""
GENTLE_FACTOR = 2.0
"""The same where other calls were answered meanwhile, or where the server named a time: waiting much longer than it
asked for only makes a slow tail."""
GENTLE_CAP = 5.0
CAP = 30.0
"""Seconds; no wait that the server did not ask for is longer."""
LONGEST_ASKED = 900.0
"""Seconds; a server that asks for more is out of quota, and the run should end rather than hang."""


@dataclass(frozen=True)
class RetryPolicy:
    """``retries`` is the number of further tries after a failure of kind ``retry``.

    How long a refused call (kind ``busy``, or any while the server is away) is tried is for
    :class:`duologue.engine.refusals.Refusals` to say.
    """

    retries: int
    rng: random.Random = field(default_factory=random.Random)

    def wait(self, error: CallError, failures: int, *, alone: bool = False) -> float | None:
        """Seconds to wait after a call's ``failures``-th failure (from 1) of the error's kind, or None to give it up.

        ``alone`` says that other calls were answered while this one failed.
        """
        if error.kind not in ("retry", "busy"):
            return None
        if error.kind == "retry" and failures > self.retries:
            return None
        return self.pause(error, failures, alone=alone)

    def pause(self, error: CallError, failures: int, *, alone: bool = False) -> float:
        """The same for a call that is not to be given up."""
        factor, cap = (GENTLE_FACTOR, GENTLE_CAP) if alone or error.retry_after else (FACTOR, CAP)
        jitter = self.rng.uniform(0.0, min(cap, BASE * factor ** min(failures - 1, 20)))
        return jitter + max(error.retry_after or 0.0, 0.0)

    @staticmethod
    def asks_too_long(error: CallError) -> bool:
        """True when the server wants to be left alone for longer than a run should wait."""
        return error.retry_after is not None and error.retry_after > LONGEST_ASKED
