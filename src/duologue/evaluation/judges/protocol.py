"""What a judge of single conversations is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from duologue.errors import DuologueError
from duologue.evaluation.judges.options import Kind
from duologue.evaluation.protocol import Described, Need, Ratio
from duologue.evaluation.view import View


class Unavailable(DuologueError):
    """The model can't do what this judge needs, whatever the conversation; the message says what is missing."""


class Judge(Protocol):
    """Rates conversations. One small class per kind."""

    name: Kind
    parts: tuple[str, ...]
    """What is asked about one conversation, each by calls of its own; one empty text where there is one thing only."""

    async def rate(self, view: View, part: str) -> Mapping[str, Ratio]:
        """Return a (numerator, denominator) by metric; empty when it does not apply to this conversation.

        Raises ItemFailed when this one can't be rated, :class:`Unavailable` when none can.
        """
        ...


class Judged(Described):
    """Base of metrics that a judge answers; see :func:`duologue.evaluation.judges.judging.judge_sets`."""

    needs: frozenset[Need] = frozenset(("judge",))

    def figure(self, views: Sequence[View]) -> float | None:
        """None: judges are asked about all data sets together."""
        return None
