from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.backends.embedded_slots import LOAD_GAIN, SAVE_GAIN, SAVED, Plan, SlotTable, common_prefix


def _visit(table: SlotTable, tokens: list[int]) -> int:
    slot, _ = table.take(tokens)
    table.give_back(slot)
    return slot


def test_two_speakers_in_turn_keep_a_sequence_each() -> None:
    table = SlotTable(4)
    rules, first, second = [1] * 10, [2] * 20, [3] * 20
    slots = [_visit(table, [*rules, *(first if turn % 2 == 0 else second), *range(10, 10 + turn)]) for turn in range(8)]
    assert set(slots[::2]) == {slots[0]}
    assert set(slots[1::2]) == {slots[1]}
    assert slots[0] != slots[1]


def test_long_common_examples_are_worth_more_than_a_short_talk() -> None:
    table = SlotTable(2)
    examples = [1] * 500
    first = _visit(table, [*examples, *[2] * 40])
    assert _visit(table, [*examples, *[3] * 40]) == first


def test_a_sequence_long_unused_is_given_away() -> None:
    table = SlotTable(1)
    for number in range(5):
        assert _visit(table, [number] * 10) == 0


def test_busy_sequences_are_not_given_twice() -> None:
    table = SlotTable(2)
    assert {table.take([1, 2])[0], table.take([1, 2])[0]} == {0, 1}
    with pytest.raises(KeyError, match="idle"):
        table.take([1, 2])


def test_a_beginning_seen_twice_is_saved_once_and_loaded_after() -> None:
    table = SlotTable(4)
    examples = [1] * SAVE_GAIN
    first, shared = table.take([*examples, 2])
    assert table.plan(first, [*examples, 2], shared) == Plan()
    second, shared = table.take([*examples, 3])
    assert table.plan(second, [*examples, 3], shared) == Plan(None, SAVE_GAIN)
    assert table.saved("a", examples) == []
    third, shared = table.take([*examples, 4])
    assert (third not in (first, second), shared) == (True, 0)
    assert table.plan(third, [*examples, 4], shared) == Plan("a", 0)


def test_saved_beginnings_keep_both_speakers_apart_whatever_they_share() -> None:
    table = SlotTable(4)
    examples = [1] * 500
    table.saved("a", examples)
    assert _visit(table, [*examples, *[2] * 20]) != _visit(table, [*examples, *[3] * 20])


def test_the_least_recently_used_beginning_goes_first() -> None:
    table = SlotTable(1)
    for number in range(SAVED):
        assert table.saved(str(number), [number] * LOAD_GAIN) == []
    assert table.plan(0, [0] * LOAD_GAIN, 0).load == "0"
    assert table.saved("new", [99] * LOAD_GAIN) == ["1"]


@given(st.lists(st.integers(0, 3), max_size=8), st.lists(st.integers(0, 3), max_size=8))
def test_common_prefix_is_common_and_ends_where_they_part(first: list[int], second: list[int]) -> None:
    n = common_prefix(first, second)
    assert first[:n] == second[:n]
    assert n in (len(first), len(second)) or first[n] != second[n]
