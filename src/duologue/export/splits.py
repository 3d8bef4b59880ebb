"""Train, valid and test: no user profile crosses a split."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Literal

from duologue.config.sections import SplitsConfig

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")


def assign_splits(pairs_of_users: Sequence[tuple[str, str]], shares: SplitsConfig, seed: int) -> list[Split]:
    """Return the split of each pair of user ids, in the given order.

    Pairs that are connected through users stay together. Components, the largest first and equal ones in an order
    drawn by ``seed``, go to the split that then lacks most of its share of the pairs. A split with share 0 gets none.
    """
    components = _components(pairs_of_users)
    random.Random(f"{seed}/splits/pairs").shuffle(components)
    components.sort(key=len, reverse=True)
    lacking = {split: _share(shares, split) * len(pairs_of_users) for split in SPLITS if _share(shares, split) > 0}
    result: list[Split] = ["train"] * len(pairs_of_users)
    for component in components:
        # Rounding, so that 0.1 * 10 against 0.8 * 10 - 7 is a tie, which the order of SPLITS decides.
        split = max(lacking, key=lambda name: round(lacking[name], 6))
        lacking[split] -= len(component)
        for index in component:
            result[index] = split
    return result


def split_users(user_ids: Iterable[str], shares: SplitsConfig, seed: int) -> dict[str, Split]:
    """Return the split of each user, for use before pairing, where users take part in several pairs.

    A split gets at least two users, who can be paired, or none: a lone user joins train (or the largest split, where
    train has no other). The numbers follow the shares by largest remainder; who goes where is drawn by ``seed`` and
    does not depend on the order of ``user_ids``.
    """
    users = sorted(set(user_ids))
    random.Random(f"{seed}/splits/users").shuffle(users)
    exact = {split: _share(shares, split) * len(users) for split in SPLITS}
    counts = {split: int(round(exact[split], 6)) for split in SPLITS}
    by_remainder = sorted(SPLITS, key=lambda s: round(counts[s] - exact[s], 6))
    for split in by_remainder[: len(users) - sum(counts.values())]:
        counts[split] += 1
    for split in (*SPLITS[1:], SPLITS[0]):
        others = [s for s in SPLITS if s != split and counts[s]]
        if counts[split] == 1 and others:
            home = "train" if "train" in others else max(others, key=counts.__getitem__)
            counts[split], counts[home] = 0, counts[home] + 1
    order = [split for split in SPLITS for _ in range(counts[split])]
    return dict(zip(users, order, strict=True))


def _share(shares: SplitsConfig, split: Split) -> float:
    return {"train": shares.train, "valid": shares.valid, "test": shares.test}[split]


def _components(pairs: Sequence[tuple[str, str]]) -> list[list[int]]:
    """Indices of the pairs of each connected component of users, in order of first appearance."""
    parent: dict[str, str] = {}

    def root(user: str) -> str:
        parent.setdefault(user, user)
        while parent[user] != user:
            parent[user] = parent[parent[user]]
            user = parent[user]
        return user

    for first, second in pairs:
        parent[root(first)] = root(second)
    components: dict[str, list[int]] = {}
    for index, (first, _) in enumerate(pairs):
        components.setdefault(root(first), []).append(index)
    return list(components.values())
