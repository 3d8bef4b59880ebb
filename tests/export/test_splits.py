"""Tests of train, valid and test."""

from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.config.sections import SplitsConfig
from duologue.export.splits import assign_splits, split_users

SHARES = SplitsConfig()
USERS = st.integers(0, 12).map(str)
ANY_SHARES = (
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
    .filter(any)
    .map(lambda t: SplitsConfig(train=t[0] / sum(t), valid=t[1] / sum(t), test=t[2] / sum(t)))
)


@settings(deadline=None)
@given(st.lists(st.tuples(USERS, USERS), max_size=25), ANY_SHARES, st.integers(0, 3))
def test_no_user_crosses_a_split(pairs: list[tuple[str, str]], shares: SplitsConfig, seed: int) -> None:
    splits = assign_splits(pairs, shares, seed)
    assert splits == assign_splits(pairs, shares, seed)
    assert len(splits) == len(pairs)
    seen: dict[str, set[str]] = defaultdict(set)
    for (first, second), split in zip(pairs, splits, strict=True):
        seen[first].add(split)
        seen[second].add(split)
        assert getattr(shares, split) > 0
    assert all(len(found) == 1 for found in seen.values())


def test_shares_are_met_where_users_meet_once() -> None:
    pairs = [(f"a{i}", f"b{i}") for i in range(100)]
    assert Counter(assign_splits(pairs, SHARES, 0)) == {"train": 80, "valid": 10, "test": 10}
    assert Counter(assign_splits(pairs[:10], SHARES, 0)) == {"train": 8, "valid": 1, "test": 1}
    assert assign_splits(pairs, SHARES, 0) != assign_splits(pairs, SHARES, 1)


def test_the_largest_component_goes_to_train() -> None:
    chain = [(str(i), str(i + 1)) for i in range(8)]
    splits = assign_splits([("x", "y"), *chain, ("v", "w")], SHARES, 0)
    assert set(splits[1:9]) == {"train"}
    assert {splits[0], splits[9]} == {"valid", "test"}


@settings(deadline=None)
@given(st.sets(st.integers(0, 60).map(str)), ANY_SHARES, st.integers(0, 3))
def test_every_user_has_a_split_with_company(users: set[str], shares: SplitsConfig, seed: int) -> None:
    splits = split_users(sorted(users), shares, seed)
    assert splits == split_users(sorted(users, reverse=True), shares, seed)
    assert set(splits) == users
    if len(users) > 1:
        assert all(count >= 2 for count in Counter(splits.values()).values())


def test_user_shares() -> None:
    users = [f"u{i}" for i in range(50)]
    assert Counter(split_users(users, SHARES, 0).values()) == {"train": 40, "valid": 5, "test": 5}
    assert Counter(split_users(users[:12], SHARES, 0).values()) == {"train": 12}
    assert Counter(split_users(users[:20], SHARES, 0).values()) == {"train": 16, "valid": 2, "test": 2}
    assert split_users([], SHARES, 0) == {}
