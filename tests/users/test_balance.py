"""Balanced drawing keeps its books."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from duologue.users.balance import Balance, large_groups


@given(n=st.integers(1, 12), draws=st.integers(0, 60), seed=st.integers(0, 99))
def test_uses_differ_by_at_most_one(n: int, draws: int, seed: int) -> None:
    balance, rng = Balance(n), random.Random(seed)
    for _ in range(draws):
        assert balance.draw(rng, lambda row: True, 10) is not None
    assert sum(balance.uses) == draws
    assert max(balance.uses) - min(balance.uses) <= 1


@given(st.lists(st.one_of(st.none(), st.integers(0, 6)), max_size=60))
def test_given_back_rows_are_drawn_again(steps: list[int | None]) -> None:
    balance, rng, drawn = Balance(7), random.Random(1), [0] * 7
    for step in steps:
        if step is None:
            row = balance.draw(rng, lambda row: row != 3, 100)
            assert row is not None
            assert balance.uses[row] <= 1 + min(u for r, u in enumerate(balance.uses) if r != 3)
            drawn[row] += 1
        elif drawn[step]:
            balance.give_back(step)
            drawn[step] -= 1
    assert balance.uses == drawn


def test_a_bucket_without_a_fit_hides_none_of_the_others() -> None:
    balance, rng = Balance(60), random.Random(0)
    for row in range(30, 60):
        assert balance.draw(rng, lambda one, row=row: one == row, 60) == row  # type: ignore[misc]
    seen: list[int] = []

    def high(row: int) -> bool:
        seen.append(row)
        return row >= 30

    assert balance.draw(rng, high, 20) in range(30, 60)
    assert len(seen) == len(set(seen)) == 21


def test_looking_in_vain_gets_cheaper_and_recovers() -> None:
    balance, rng = Balance(6000), random.Random(0)
    for row in range(3000, 6000):
        balance._move(row, 1)
    looks = [0]

    def high(row: int) -> bool:
        looks[0] += 1
        return row >= 3000

    for _ in range(20):
        assert balance.draw(rng, high, 640) is not None
    assert looks[0] < 640 * 2 + 20 * 21
    low = {balance.draw(rng, lambda row: row < 3000, 640) for _ in range(20)}
    assert all(row is not None and row < 3000 for row in low)
    looks[0] = 0
    balance.draw(rng, high, 640)
    assert looks[0] > 600


def test_gives_up_after_the_tries() -> None:
    seen: list[int] = []

    def never(row: int) -> bool:
        seen.append(row)
        return False

    assert Balance(50).draw(random.Random(0), never, 20) is None
    assert len(seen) == len(set(seen)) == 20


def test_a_group_left_out_costs_nothing() -> None:
    groups = large_groups(["large"] * 5000 + [f"k{n}" for n in range(4000)] + [""] * 1000, 0.1)
    assert groups == [1] * 5000 + [0] * 5000
    balance, rng, looks = Balance(10_000, groups), random.Random(0), [0]

    def small(row: int) -> bool:
        looks[0] += 1
        return row >= 5000

    drawn = [balance.draw(rng, small, 2000, {1}) for _ in range(20_000)]
    assert all(row is not None and row >= 5000 for row in drawn)
    assert looks[0] == 20_000
    assert {balance.uses[row] for row in range(5000, 10_000)} == {4}
    # Nothing is hidden for good.
    assert balance.draw(rng, lambda row: True, 2000) in range(5000)


def test_groups_change_no_chances() -> None:
    hits = [0, 0]
    for seed in range(400):
        row = Balance(100, [1] * 25 + [0] * 75).draw(random.Random(seed), lambda row: True, 10)
        assert row is not None
        hits[row >= 25] += 1
    assert 70 <= hits[0] <= 130


def test_uses_that_nobody_has_are_not_walked_through() -> None:
    balance, rng = Balance(4, [0, 0, 1, 1]), random.Random(0)
    for _ in range(600):
        balance.draw(rng, lambda row: True, 10, {1})
    assert balance.uses == [300, 300, 0, 0]
    assert balance._levels == [0, 300]
    assert list(balance._buckets) == [0, 300]
    balance.give_back(0)
    assert balance._levels == [0, 299, 300]
