"""Every error a user can meet. Each message is one line: what, where, how to mend it."""

from __future__ import annotations

from typing import Literal


def in_one_line(error: BaseException) -> str:
    """What somebody else's exception says, with its class, for a message of ours."""
    return " ".join(f"{type(error).__name__}: {error}".split())


class DuologueError(Exception):
    """Base of all errors that duologue raises on purpose. ``exit_code`` is the command line's."""

    exit_code = 1


class UsageError(DuologueError):
    """The call, the configuration or the input is wrong; nothing was started."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration field is unknown, of the wrong type or has an impossible value."""


class SeedError(UsageError):
    """A seed file can't be read; the message names the file and the line."""


class ModelError(DuologueError):
    """A model can't be found, fetched, verified or loaded."""


class StoreError(DuologueError):
    """The run folder or its database can't be used."""


class ImpossibleRequest(DuologueError):
    """What was asked can't be had from what is there (too few attributes, profiles or pairs)."""


class CallError(DuologueError):
    """One model call failed. ``kind`` says what to do next.

    ``retry``: try again, after ``retry_after`` seconds where the server named a time.
    ``busy``: like ``retry``, and the server is overloaded (429, 503) or away: ask for less at once.
    ``give_up``: this request will never work (too long, refused, malformed); others may.
    ``stop``: no request will work (wrong key, unknown model, exhausted quota).
    """

    def __init__(
        self,
        kind: Literal["retry", "busy", "give_up", "stop"],
        message: str,
        *,
        retry_after: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.kind: Literal["retry", "busy", "give_up", "stop"] = kind
        self.retry_after = retry_after
        self.status = status


class ItemFailed(DuologueError):
    """One item (attribute, candidate, ...) can't be made; the run goes on."""


class RunStopped(DuologueError):
    """The run ends in order and can be resumed; the message says why and how."""


class BudgetSpent(RunStopped):
    """A hard limit on tokens or money was met."""


class Interrupted(RunStopped):
    """The run was asked to end, by a signal or by its host."""

    exit_code = 130
