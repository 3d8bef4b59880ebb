"""Progress of a run: a live bar per stage on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from logging import Logger
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from duologue.records import Outcome, Stage

TITLES: dict[Stage, str] = {
    "seed": "seed attributes",
    "query": "queries",
    "attribute": "new attributes",
    "profile": "user profiles",
    "pair": "user pairs",
    "candidate": "candidates",
    "adapter": "adapters",
    "conversation": "conversations",
}
PLAIN_EVERY = 15.0
"""Seconds between two plain lines of one stage."""


class Listener(Protocol):
    """Watches a run's ledger."""

    def begin(self, stage: Stage, total: int | None, iteration: int) -> None:
        """A stage starts."""

    def outcome(self, outcome: Outcome) -> None:
        """An item ended."""

    def close(self) -> None:
        """The run is over."""


@dataclass(slots=True)
class _Count:
    total: int | None = None
    done: int = 0
    accepted: int = 0
    candidates: int = 0
    candidates_passed: int = 0
    said: float = field(default_factory=time.monotonic)

    def add(self, outcome: Outcome) -> None:
        self.done += 1
        self.accepted += outcome.status == "accepted"

    def add_candidate(self, outcome: Outcome) -> None:
        self.candidates += 1
        self.candidates_passed += outcome.status == "accepted" or outcome.by == "tournament"

    @property
    def acceptance(self) -> str:
        if self.candidates:
            return f"{self.candidates_passed} of {self.candidates} candidates passed"
        return f"{100 * self.accepted / self.done:.0f} % accepted" if self.done else ""


class Silent:
    """Shows nothing."""

    def begin(self, stage: Stage, total: int | None, iteration: int) -> None:
        """Ignore."""

    def outcome(self, outcome: Outcome) -> None:
        """Ignore."""

    def close(self) -> None:
        """Ignore."""


class Logged:
    """Writes the start of each stage and every failure to the program's log, then passes all on."""

    def __init__(self, log: Logger, then: Listener) -> None:
        self._log = log
        self._then = then

    def begin(self, stage: Stage, total: int | None, iteration: int) -> None:
        """Log and pass on."""
        self._log.info("%s: started, %s to do", title(stage, iteration), "?" if total is None else total)
        self._then.begin(stage, total, iteration)

    def outcome(self, outcome: Outcome) -> None:
        """Log a failure, pass on."""
        if outcome.status == "failed":
            self._log.warning("%s %s failed in %s: %s", outcome.stage, outcome.item, outcome.by, outcome.reason)
        self._then.outcome(outcome)

    def close(self) -> None:
        """Pass on."""
        self._then.close()


class _Counting:
    """Keeps the counts of the stage that is under way."""

    def __init__(self, speed: Callable[[], str]) -> None:
        self._speed = speed
        self._counts: dict[tuple[Stage, int], _Count] = {}

    def _count(self, outcome: Outcome) -> tuple[tuple[Stage, int], _Count]:
        stage: Stage = "conversation" if outcome.stage == "candidate" else outcome.stage
        key = (stage, outcome.iteration)
        count = self._counts.setdefault(key, _Count())
        if outcome.stage == "candidate":
            count.add_candidate(outcome)
        else:
            count.add(outcome)
        return key, count


class Plain(_Counting):
    """One line when a stage starts and one every few seconds; for logs and pipes."""

    def __init__(self, stream: TextIO, speed: Callable[[], str]) -> None:
        super().__init__(speed)
        self._stream: TextIO | None = stream

    def begin(self, stage: Stage, total: int | None, iteration: int) -> None:
        """Say which stage starts."""
        self._counts[stage, iteration] = _Count(total)
        self._say(f"{title(stage, iteration)}: started" + (f", {total} to do" if total else ""))

    def outcome(self, outcome: Outcome) -> None:
        """Say how far the stage is, now and then, and when it is done."""
        key, count = self._count(outcome)
        now = time.monotonic()
        finished = outcome.stage == key[0] and count.done == count.total
        if finished or now - count.said >= PLAIN_EVERY:
            count.said = now
            of = f" of {count.total}" if count.total else ""
            self._say(", ".join(p for p in (f"{title(*key)}: {count.done}{of}", count.acceptance, self._speed()) if p))

    def close(self) -> None:
        """Nothing is left to do."""

    def _say(self, line: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except OSError:
            # A reader that left or a full disk below stdout must not end hours of work.
            self._stream = None


class Live(_Counting):
    """Bars on a terminal: stage, done/total, acceptance, speed, remaining time."""

    def __init__(self, console: Console, speed: Callable[[], str]) -> None:
        super().__init__(speed)
        self._tasks: dict[tuple[Stage, int], TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(compact=True),
            console=console,
        )
        self._progress.start()

    def begin(self, stage: Stage, total: int | None, iteration: int) -> None:
        """Add the stage's bar."""
        self._counts[stage, iteration] = _Count(total)
        if (stage, iteration) not in self._tasks:
            self._tasks[stage, iteration] = self._progress.add_task(title(stage, iteration), total=total, note="")

    def outcome(self, outcome: Outcome) -> None:
        """Move the stage's bar."""
        key, count = self._count(outcome)
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(title(*key), total=None, note="")
        note = "  ".join(part for part in (count.acceptance, self._speed()) if part)
        self._progress.update(self._tasks[key], completed=count.done, note=note)

    def close(self) -> None:
        """Stop drawing."""
        self._progress.stop()


def title(stage: Stage, iteration: int) -> str:
    """What a stage is called on the screen."""
    if stage == "conversation" and iteration == 0:
        return "finished data set"
    return f"{TITLES[stage]}, iteration {iteration}" if iteration else TITLES[stage]
