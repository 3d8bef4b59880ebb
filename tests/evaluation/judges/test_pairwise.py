"""Tests of pairwise comparison: matches, both orders, position bias."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from duologue.backends.protocol import Answer, Features, Request
from duologue.errors import ItemFailed
from duologue.evaluation.judges.pairwise import Match, PairwiseJudge, Preference, matches, summary
from duologue.evaluation.view import View

Views = Callable[..., View]


class Prefers:
    """A caller that answers by what stands first and second."""

    model = "prefers"
    features = Features()

    def __init__(self, say: Callable[[str, str], str]) -> None:
        self.asked: list[Request] = []
        self._say = say

    async def call(self, request: Request) -> Answer:
        self.asked.append(request)
        first, second = request.messages[-1].content.split("Conversation B:")
        return Answer(self._say(first, second))


def judged(caller: Prefers, rows: list[Match]) -> list[tuple[Match, Preference | None]]:
    judge = PairwiseJudge(caller, seed=0)
    return [(match, asyncio.run(judge.compare(match, "better"))) for match in rows]


@pytest.fixture
def rows(make_view: Views) -> list[Match]:
    return [Match(make_view(f"Good {i}.", "Ho."), make_view(f"Bad {i}.", "Ho."), False) for i in range(12)]


def test_a_judge_that_reads_wins_in_both_orders(rows: list[Match]) -> None:
    caller = Prefers(lambda first, second: "A" if "Good" in first else "B")
    report = summary(("x", "y"), "better", judged(caller, rows), 0)
    assert (report.wins, report.ties, report.losses, report.failed) == (12, 0, 0, 0)
    assert report.lead == 1.0
    assert report.first_shown == 0.5
    assert report.flipped == 0.0
    assert len(caller.asked) == 24
    assert len({request.key for request in caller.asked}) == 24


def test_a_judge_that_takes_the_first_decides_nothing_and_is_found_out(rows: list[Match]) -> None:
    report = summary(("x", "y"), "better", judged(Prefers(lambda first, second: "A"), rows), 0)
    assert (report.wins, report.ties, report.losses) == (0, 12, 0)
    assert report.lead == 0.0
    assert report.first_shown == 1.0
    assert report.flipped == 1.0


def test_ties_and_failures_are_counted(rows: list[Match]) -> None:
    tied = judged(Prefers(lambda first, second: "Tie"), rows)
    report = summary(("x", "y"), "human", [*tied[:5], (rows[5], None)], 0)
    assert (report.n, report.ties, report.failed, report.first_shown, report.flipped) == (5, 5, 1, 0.5, 0.0)
    nothing = summary(("x", "y"), "human", [(rows[0], None)], 0)
    assert (nothing.n, nothing.lead, nothing.first_shown) == (0, None, None)
    with pytest.raises(ItemFailed, match="no verdict"):
        judged(Prefers(lambda first, second: "Pardon?"), rows)


def test_conversations_of_the_same_users_meet_first(make_view: Views) -> None:
    ours = [make_view(f"A {i}.", "Ho.", one=[f"I am {i}."]) for i in range(6)]
    theirs = [make_view(f"B {i}.", "Ho.", one=[f"I am {i}."]) for i in range(3, 9)]
    met = matches(ours, theirs, 5, 0)
    assert [m.same_users for m in met] == [True, True, True, False, False]
    assert all(m.first.cluster == m.second.cluster for m in met[:3])
    assert len({id(v) for m in met for v in (m.first, m.second)}) == 10
    assert [m.first.dialogue for m in matches(ours, theirs, 2, 0)] == [m.first.dialogue for m in met[:2]]
    assert not matches(ours, [], 5, 0)
