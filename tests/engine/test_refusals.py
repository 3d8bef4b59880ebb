from __future__ import annotations

import pytest

from duologue.engine.refusals import LEAST_WAIT, LONGEST_OUTAGE, LONGEST_WAIT, Refusals, Tries


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


def away(refusals: Refusals) -> tuple[bool, bool]:
    return refusals.outage, refusals.outage_too_long


def test_an_outage_is_nobodys_fault_until_it_lasts_too_long(clock: Clock) -> None:
    refusals, mine = Refusals(clock), Tries()
    for _ in range(40):
        refusals.refused("mine", mine)
    assert away(refusals) == (False, False)
    others(refusals, 0, 3)
    clock.now += LONGEST_OUTAGE
    assert away(refusals) == (True, False)
    assert not refusals.hopeless(mine, 5)
    clock.now += 1
    assert away(refusals) == (True, True)
    refusals.answered()
    assert away(refusals) == (False, False)


def test_without_retries_a_refusal_is_final(clock: Clock) -> None:
    refusals, mine = Refusals(clock), Tries()
    refusals.refused("mine", mine)
    assert refusals.hopeless(mine, 0)
