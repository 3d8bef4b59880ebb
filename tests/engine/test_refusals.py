from __future__ import annotations

from typing import Literal

import pytest

from duologue.engine.refusals import LEAST_WAIT, LONGEST_OUTAGE, LONGEST_WAIT, Refusals, Tries
from duologue.errors import CallError


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def others(refusals: Refusals, answered: int, refused: int) -> None:
    for i in range(max(answered, refused)):
        if i < refused:
            refusals.refused(f"other {i}", Tries())
        if i < answered:
            refusals.answered()


def test_refused_while_others_are_answered_a_call_is_hopeless_after_tries_and_time(clock: Clock) -> None:
    refusals, mine = Refusals(clock), Tries()
    for _ in range(25):
        refusals.refused("mine", mine)
        others(refusals, 10, 0)
    assert not refusals.hopeless(mine, 5)
    clock.now += LEAST_WAIT
    assert refusals.hopeless(mine, 5)
    few = Tries()
    refusals.refused("few", few)
    clock.now += LEAST_WAIT
    refusals.answered()
    assert not refusals.hopeless(few, 5)


@pytest.mark.parametrize(("refused", "tries", "hopeless"), [(90, 25, False), (90, 140, True), (0, 25, True)])
def test_where_others_are_refused_too_chance_decides(clock: Clock, refused: int, tries: int, hopeless: bool) -> None:
    refusals, mine = Refusals(clock), Tries()
    for _ in range(tries):
        refusals.refused("mine", mine)
    others(refusals, 100 - refused, refused)
    refusals.answered()
    clock.now += LEAST_WAIT
    assert refusals.hopeless(mine, 5) is hopeless


def test_there_is_a_bound_whatever_others_meet(clock: Clock) -> None:
    refusals, mine = Refusals(clock), Tries()
    refusals.refused("mine", mine)
    others(refusals, 1, 1000)
    refusals.answered()
    clock.now += LONGEST_WAIT + 1
    assert refusals.hopeless(mine, 5)


def away(refusals: Refusals, mine: Tries) -> tuple[bool, bool]:
    return refusals.outage, refusals.outage_too_long(mine)


def test_an_outage_is_nobodys_fault_until_it_lasts_too_long(clock: Clock) -> None:
    refusals, mine = Refusals(clock), Tries()
    for _ in range(40):
        refusals.refused("mine", mine)
    assert away(refusals, mine) == (False, False)
    others(refusals, 0, 3)
    clock.now += LONGEST_OUTAGE
    assert away(refusals, mine) == (True, False)
    assert not refusals.hopeless(mine, 5)
    clock.now += 1
    assert away(refusals, mine) == (True, True)
    refusals.answered()
    assert away(refusals, mine) == (False, False)


def test_without_retries_a_refusal_is_final(clock: Clock) -> None:
    refusals, mine = Refusals(clock), Tries()
    refusals.refused("mine", mine)
    assert refusals.hopeless(mine, 0)


def lost(status: int | None = None) -> CallError:
    return CallError("retry", "lost", status=status)


def test_silence_is_an_outage_whatever_the_number_of_calls(clock: Clock) -> None:
    kinds: tuple[Literal["retry", "busy"], ...] = ("retry", "busy")
    for kind in kinds:
        refusals = Refusals(clock)
        mine = refusals.begin()
        for _ in range(20):
            assert refusals.failed(CallError(kind, "lost"), "mine", mine)
        assert mine.faults == 0
        clock.now += LONGEST_OUTAGE + 1
        assert away(refusals, mine) == (True, True)
        assert not refusals.hopeless(mine, 5)


def test_where_others_were_answered_a_broken_call_is_at_fault(clock: Clock) -> None:
    refusals = Refusals(clock)
    mine = refusals.begin()
    for faults in (1, 2):
        refusals.answered()
        assert not refusals.failed(lost(), "mine", mine)
        assert mine.faults == faults
    # It broke twice while others were answered, so when it is the last one it tells nothing of the server.
    assert not refusals.failed(lost(), "mine", mine)
    assert away(refusals, mine) == (False, False)


def test_a_server_that_dies_costs_a_call_one_of_its_tries(clock: Clock) -> None:
    refusals = Refusals(clock)
    mine = refusals.begin()
    refusals.answered()
    assert not refusals.failed(lost(), "mine", mine)
    assert all(refusals.failed(lost(), "mine", mine) for _ in range(20))
    assert mine.faults == 1


def test_broken_answers_are_an_outage_when_several_calls_get_them(clock: Clock) -> None:
    refusals = Refusals(clock)
    tries = [refusals.begin() for _ in range(4)]
    waits = [refusals.failed(lost(500), str(i), mine) for i, mine in enumerate(tries)]
    assert waits == [False, False, False, True]
    assert all(refusals.failed(lost(500), str(i), mine) for i, mine in enumerate(tries))
    alone = Refusals(clock)
    mine = alone.begin()
    assert not any(alone.failed(lost(500), "mine", mine) for _ in range(20))
    assert not any(alone.failed(lost(status), str(status), alone.begin()) for status in (200, 408, 409, 425))
    assert not alone.outage


def test_a_failure_of_long_ago_is_no_long_outage(clock: Clock) -> None:
    refusals = Refusals(clock)
    refusals.failed(lost(), "before", refusals.begin())
    clock.now += 10 * LONGEST_OUTAGE
    mine = refusals.begin()
    refusals.failed(lost(), "mine", mine)
    assert away(refusals, mine) == (True, False)
