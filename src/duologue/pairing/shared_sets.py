"""Users with categories in common, found by the sets of categories they share: for many users, without all pairs.

Whoever shares s categories meets under the key of each such set. Sets are looked at from the largest down to single
categories, in each the next few users in a random order, until everybody has been offered some partners. So who shares
most is found where the set is not shared by many, and a category of a hundred thousand users costs no more than others.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import comb

import numpy as np
import numpy.typing as npt

from duologue.pairing.protocol import EdgeTable
from duologue.records import Profile

ENOUGH = 16
"""Partners after which a user is offered no more of smaller sets."""
WIDE = 6
"""Most categories of a user that sets are made of: the rarest ones."""
_BLOCK = 1_000_000

Ints = npt.NDArray[np.int64]


def partners_by_sets(users: Sequence[Profile], least: int, seed: int) -> EdgeTable:
    """Return edges between users with at least ``max(least, 1)`` commonalities, each two users once.

    The score is the number of attribute pairs in a common category.
    """
    rng = np.random.default_rng(seed)
    codes, counts = _categories(users)
    n = len(users)
    have = np.zeros(n, dtype=np.int64)
    found: list[Ints] = []
    scores: list[npt.NDArray[np.float64]] = []
    width = min(codes.shape[1], WIDE)
    for size in range(width, 0, -1):
        keys, holders = _keys(codes[:, :width], size)
        ahead = -(-ENOUGH // comb(width, size)) + 1
        edges = _meetings(keys, holders, ahead, have, n, rng)
        edges = np.setdiff1d(edges, np.concatenate(found), assume_unique=True) if found else edges
        score = _score(edges, codes, counts, n)
        edges, score = edges[score >= max(least, 1)], score[score >= max(least, 1)]
        found.append(edges)
        scores.append(score)
        have += np.bincount(edges // n, minlength=n) + np.bincount(edges % n, minlength=n)
    every = np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
    score = np.concatenate(scores) if scores else np.zeros(0)
    return EdgeTable((every // n).astype(np.int32), (every % n).astype(np.int32), score)


def _categories(users: Sequence[Profile]) -> tuple[Ints, Ints]:
    """Each user's categories as ascending numbers, the rarest being 0, and how often; -1 and 0 fill the lines."""
    number: dict[str, int] = {}
    flat = [number.setdefault(a.category, len(number)) for user in users for a in user.attributes if a.category]
    owner = [place for place, user in enumerate(users) for a in user.attributes if a.category]
    if not flat:
        return np.zeros((len(users), 0), dtype=np.int64), np.zeros((len(users), 0), dtype=np.int64)
    rank = np.empty(len(number), dtype=np.int64)
    rank[np.argsort(np.bincount(flat), kind="stable")] = np.arange(len(number))
    pair, count = np.unique(np.array(owner) * len(number) + rank[flat], return_counts=True)
    user, code = pair // len(number), pair % len(number)
    place = np.arange(len(user)) - np.searchsorted(user, user)
    shape = (len(users), int(place.max()) + 1)
    codes, counts = np.full(shape, -1, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    codes[user, place], counts[user, place] = code, count
    return codes, counts


def _keys(codes: Ints, size: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """A key for each set of ``size`` categories that a user has, and the user."""
    keys, holders = [], []
    for columns in itertools.combinations(range(codes.shape[1]), size):
        rows = np.flatnonzero(codes[:, columns[-1]] >= 0)
        key = np.zeros(len(rows), dtype=np.uint64)
        for column in columns:
            # Where two sets get one key, users meet in vain, and their score says so.
            key = (key ^ codes[rows, column].astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(29)
        keys.append(key)
        holders.append(rows.astype(np.int32))
    return np.concatenate(keys), np.concatenate(holders)


def _meetings(
    keys: npt.NDArray[np.uint64],
    holders: npt.NDArray[np.int32],
    ahead: int,
    have: Ints,
    n: int,
    rng: np.random.Generator,
) -> Ints:
    """Two users as one number, lower place first, ascending: each holder of a key and the next ``ahead`` holders."""
    shuffled = rng.permutation(len(keys))
    order = shuffled[np.argsort(keys[shuffled], kind="stable")]
    keys, holders = keys[order], holders[order].astype(np.int64)
    met = [np.zeros(0, dtype=np.int64)]
    for step in range(1, ahead + 1):
        i, j = holders[:-step], holders[step:]
        wanted = (keys[:-step] == keys[step:]) & ((have[i] < ENOUGH) | (have[j] < ENOUGH)) & (i != j)
        i, j = i[wanted], j[wanted]
        met.append(np.minimum(i, j) * n + np.maximum(i, j))
    return np.unique(np.concatenate(met))


def _score(edges: Ints, codes: Ints, counts: Ints, n: int) -> npt.NDArray[np.float64]:
    """Number of attribute pairs in a common category."""
    score = np.zeros(len(edges))
    for start in range(0, len(edges), _BLOCK):
        i, j = np.divmod(edges[start : start + _BLOCK], n)
        total = np.zeros(len(i), dtype=np.int64)
        for one in range(codes.shape[1]):
            for other in range(codes.shape[1]):
                same = (codes[i, one] == codes[j, other]) & (codes[i, one] >= 0)
                total += same * counts[i, one] * counts[j, other]
        score[start : start + _BLOCK] = total
    return score
