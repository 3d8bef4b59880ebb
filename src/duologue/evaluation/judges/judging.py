"""Asking the judges about all data sets: every rating and comparison is one row, with its cause where it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from duologue.backends.protocol import Answer, Caller, Request
from duologue.errors import CallError, DuologueError, ItemFailed, RunStopped
from duologue.evaluation.judges import pairwise
from duologue.evaluation.judges.options import JudgeOptions
from duologue.evaluation.judges.pairwise import Match, PairwiseJudge, Preference
from duologue.evaluation.judges.protocol import Judge, Unavailable
from duologue.evaluation.judges.registry import make_judges
from duologue.evaluation.protocol import Ratio
from duologue.evaluation.records import JudgeFailure
from duologue.evaluation.view import Roles, View

Said = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """One data set as the judges see it."""

    name: str
    views: Sequence[View]
    """Those that are rated."""
    pool: Sequence[View]
    """Those that matches are made of; the rated ones come first."""


@dataclass(slots=True)
class Ratings:
    """What the judges said of one data set."""

    of: list[tuple[View, dict[str, Ratio]]] = field(default_factory=list)
    """By conversation: the ratio of each metric that was rated."""


@dataclass(slots=True)
class Findings:
    """What the judges said."""

    ratings: list[Ratings]
    """One per data set."""
    compared: dict[tuple[int, str], list[tuple[Match, Preference | None]]] = field(default_factory=dict)
    """By data set beside the first and question."""
    failures: list[JudgeFailure] = field(default_factory=list)
    unavailable: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
    """Why the asking ended early; empty when it did not."""


class Counting:
    """A :class:`duologue.backends.protocol.Caller` that keeps count of what was asked, each distinct call once."""

    def __init__(self, caller: Caller) -> None:
        """``caller`` must have been started: what it can do is taken over now."""
        self.model = caller.model
        self.features = caller.features
        self._caller = caller
        self._seen: dict[str, tuple[int, int]] = {}

    @property
    def calls(self) -> int:
        """Distinct calls that were answered."""
        return len(self._seen)

    @property
    def tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens of those calls."""
        return sum(p for p, _ in self._seen.values()), sum(c for _, c in self._seen.values())

    async def call(self, request: Request) -> Answer:
        """See the Protocol."""
        answer = await self._caller.call(request)
        self._seen[request.key] = (answer.prompt_tokens, answer.completion_tokens)
        return answer


async def ask_judges(
    sets: Sequence[JudgedSet],
    caller: Caller,
    options: JudgeOptions,
    roles: Roles,
    *,
    seed: int,
    progress: Said = lambda what, n: None,
) -> Findings:
    """Ask everything; what can't be answered is a failure with its cause, and the rest goes on."""
    judges, missing = make_judges(options.kinds, caller, roles, seed=seed, draws=options.draws)
    found = Findings([Ratings() for _ in sets], unavailable=missing)
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        progress("asking the judges", done)

    for judge in judges:
        for one, into in zip(sets, found.ratings, strict=True):
            if judge.name not in found.unavailable:
                await _rate(judge, one, into, found, count)
    if "pairwise" in options.kinds:
        asker = PairwiseJudge(caller, seed=seed)
        for place, other in enumerate(sets[1:], 1):
            met = pairwise.matches(sets[0].pool, other.pool, options.sample, seed)
            for question in pairwise.QUESTIONS:
                name = f"{sets[0].name} beside {other.name}"
                found.compared[place, question] = await _compare(asker, question, met, name, found, count)
    return found


async def _rate(judge: Judge, one: JudgedSet, into: Ratings, found: Findings, count: Callable[[], None]) -> None:
    async def rate(view: View) -> list[tuple[str, Mapping[str, Ratio] | DuologueError]]:
        said: list[tuple[str, Mapping[str, Ratio] | DuologueError]] = []
        # One after the other: prompts of one conversation begin alike, and caches hold the beginning.
        for part in judge.parts:
            try:
                said.append((part, await judge.rate(view, part)))
            except (ItemFailed, CallError, Unavailable, RunStopped) as error:
                said.append((part, error))
            count()
        return said

    if not into.of:
        into.of = [(view, {}) for view in one.views]
    for (view, ratios), parts in zip(into.of, await asyncio.gather(*map(rate, one.views)), strict=True):
        for part, said in parts:
            if isinstance(said, Unavailable):
                found.unavailable.setdefault(judge.name, str(said))
            elif isinstance(said, DuologueError):
                _failed(found, one.name, view, judge.name, part, said)
            else:
                ratios.update(said)


def _failed(found: Findings, name: str, view: View, judge: str, part: str, error: DuologueError) -> None:
    if isinstance(error, RunStopped):
        found.stopped = str(error)
    row = view.dialogue.provenance.row
    found.failures.append(JudgeFailure(data_set=name, row=row, judge=judge, part=part, cause=str(error)))


async def _compare(
    judge: PairwiseJudge,
    question: str,
    met: Sequence[Match],
    name: str,
    found: Findings,
    count: Callable[[], None],
) -> list[tuple[Match, Preference | None]]:
    async def compare(match: Match) -> Preference | DuologueError:
        try:
            return await judge.compare(match, question)
        except (ItemFailed, CallError, RunStopped) as error:
            return error
        finally:
            count()

    rows: list[tuple[Match, Preference | None]] = []
    for match, said in zip(met, await asyncio.gather(*map(compare, met)), strict=True):
        if isinstance(said, DuologueError):
            _failed(found, name, match.first, judge.name, question, said)
        rows.append((match, said if isinstance(said, Preference) else None))
    return rows
