"""Whose fault a refusal (429, 503, no connection) is: the server's, which has no room, or the refused call's own.

A server without room refuses whoever comes; it is waited for. Where it answers nobody for ten minutes, the run ends in
order, to be resumed. A call is given up only when others are answered so readily meanwhile that its own refusals can't
be chance, and that for longer than providers take to count a call against a limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LEAST_TRIES = 4
"""A refused call gets at least so many times the tries of a failing one."""
LEAST_WAIT = 120.0
"""Seconds for which a call must have been refused before it is given up: limits are counted by the minute."""
LONGEST_WAIT = 1800.0
"""Seconds after which a call is given up though others fare hardly better."""
CHANCE = 1e-6
"""A call is at fault when one as good as the others would be refused as often with no more than this probability."""
OUTAGE_CALLS = 4
"""Calls that must be refused, with none answered in between, for the server to be away."""
LONGEST_OUTAGE = 600.0
"""Seconds without any answer after which the run ends in order."""


@dataclass(slots=True)
class Tries:
    """What one call met so far."""

    faults: int = 0
    """Failures other than refusals."""
    refusals: int = 0
    since: float = 0.0
    """When it was first refused."""
    answers_before: int = 0
    """Of all calls, when it was first refused."""
    refusals_before: int = 0

    @property
    def failures(self) -> int:
        """Of either kind."""
        return self.faults + self.refusals


class Refusals:
    """Refusals and answers of all calls of one engine."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._answers = 0
        self._refusals = 0
        self._unanswered: set[str] = set()
        self._unanswered_since = 0.0

    def refused(self, key: str, tries: Tries) -> None:
        """A call was refused, or the server could not be reached."""
        now = self._clock()
        if not tries.refusals:
            tries.since, tries.answers_before, tries.refusals_before = now, self._answers, self._refusals
        tries.refusals += 1
        self._refusals += 1
        if not self._unanswered:
            self._unanswered_since = now
        if len(self._unanswered) < OUTAGE_CALLS:
            self._unanswered.add(key)

    def answered(self) -> None:
        """Some call was answered."""
        self._answers += 1
        self._unanswered.clear()

    @property
    def outage(self) -> bool:
        """Whether nobody is answered at present."""
        return len(self._unanswered) >= OUTAGE_CALLS

    @property
    def outage_too_long(self) -> bool:
        """Whether that has lasted for longer than a run should wait."""
        return self.outage and self._clock() - self._unanswered_since > LONGEST_OUTAGE

    def hopeless(self, tries: Tries, retries: int) -> bool:
        """Whether to give a refused call up; ``retries`` is what a failing call gets."""
        waited = self._clock() - tries.since
        if retries == 0 or waited > LONGEST_WAIT:
            return not self.outage
        if self.outage or tries.refusals <= LEAST_TRIES * retries or waited < LEAST_WAIT:
            return False
        answers = self._answers - tries.answers_before
        others_refused = self._refusals - tries.refusals_before - tries.refusals
        # Where it was alone all the time, nothing speaks for the server.
        share_refused = others_refused / (answers + others_refused) if answers + others_refused else 0.0
        return bool(share_refused**tries.refusals <= CHANCE)
