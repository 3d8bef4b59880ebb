"""Whose fault a failure is: the server's, which has no room (429, 503) or is away (no answer, 500), or the call's own.

A server without room refuses whoever comes; it is waited for. Where it answers nobody for ten minutes, the run ends in
order, to be resumed. A refused call is given up only when others are answered so readily meanwhile that its own
refusals can't be chance, and that for longer than providers take to count a call against a limit. A call that broke
counts as refused while the server is away, and against its own tries else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from duologue.errors import CallError

LEAST_TRIES = 4
"""A refused call gets at least so many times the tries of a failing one."""
LEAST_WAIT = 120.0
"""Seconds for which a call must have been refused before it is given up: limits are counted by the minute."""
LONGEST_WAIT = 1800.0
"""Seconds after which a call is given up though others fare hardly better."""
CHANCE = 1e-6
"""A call is at fault when one as good as the others would be refused as often with no more than this probability."""
OUTAGE_CALLS = 4
"""Calls that must fail, with none answered in between, for the server to be away; one is enough where it said nothing."""
OWN_FAULTS = 2
"""Faults after which a further one tells of this call only, not of the server."""
LONGEST_OUTAGE = 600.0
"""Seconds without any answer after which the run ends in order."""


@dataclass(slots=True)
class Tries:
    """What one call met so far."""

    faults: int = 0
    """Failures other than refusals."""
    answers_seen: int = 0
    """Of all calls, when it began or last failed."""
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
        self._silent = False

    def begin(self) -> Tries:
        """What a new call starts with."""
        return Tries(answers_seen=self._answers)

    def failed(self, error: CallError, key: str, tries: Tries) -> bool:
        """Count a failure. True when it counts as a refusal, to be waited out, and not among the call's own faults."""
        others_answered = self._answers > tries.answers_seen
        tries.answers_seen = self._answers
        silent = error.status is None
        if error.kind == "busy":
            self.refused(key, tries, silent=silent)
            return True
        if error.kind == "retry" and (error.status is None or error.status >= 500):
            # A prompt on which the server breaks must not look like an outage when it is among the last.
            if tries.faults < OWN_FAULTS:
                self._miss(key, silent=silent and not others_answered)
            if self.outage and not others_answered:
                self._refuse(tries)
                return True
        tries.faults += 1
        return False

    def refused(self, key: str, tries: Tries, *, silent: bool = False) -> None:
        """A call was refused, or, with ``silent``, the server could not be reached."""
        self._miss(key, silent=silent)
        self._refuse(tries)

    def _refuse(self, tries: Tries) -> None:
        if not tries.refusals:
            tries.since, tries.answers_before, tries.refusals_before = self._clock(), self._answers, self._refusals
        tries.refusals += 1
        self._refusals += 1

    def _miss(self, key: str, *, silent: bool) -> None:
        if not self._unanswered:
            self._unanswered_since = self._clock()
        if len(self._unanswered) < OUTAGE_CALLS:
            self._unanswered.add(key)
        self._silent |= silent

    def answered(self) -> None:
        """Some call was answered."""
        self._answers += 1
        self._unanswered.clear()
        self._silent = False

    @property
    def outage(self) -> bool:
        """Whether nobody is answered at present."""
        return self._silent or len(self._unanswered) >= OUTAGE_CALLS

    def outage_too_long(self, tries: Tries) -> bool:
        """Whether that has lasted, and this call been refused, for longer than a run should wait."""
        # A failure of an hour ago, with nothing called since, is no outage of an hour.
        since = max(self._unanswered_since, tries.since)
        return self.outage and self._clock() - since > LONGEST_OUTAGE

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
