"""The paper's policy: the more attributes in common categories, the better the pair (section 3.3)."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from duologue.models.protocol import Floats
from duologue.pairing.protocol import Edge, EdgeTable
from duologue.pairing.shared_sets import partners_by_sets
from duologue.records import Profile

MEETINGS = 200_000_000
"""Most meetings of two users in one category that are looked at one by one, the same two counted in each category."""


def shared_attributes(user_1: Profile, user_2: Profile) -> tuple[tuple[str, str], ...]:
    """Return the attribute id pairs (of user 1, of user 2) that lie in a common category."""
    return tuple(
        (a.id, b.id) for a in user_1.attributes for b in user_2.attributes if a.category and a.category == b.category
    )


class Commonality:
    """Score: the number of attribute pairs in a common category, at least ``least``."""

    name = "commonality"

    def __init__(self, least: int) -> None:
        self._least = least

    def edges(
        self, users: Sequence[Profile], vectors: Callable[[], Floats], partners: int, rng: random.Random
    ) -> Iterable[Edge]:
        """Return each user's best partners by way of an index from category to users; ``vectors`` is not used.

        Where that would be more than ``MEETINGS``, some of the best partners, by the sets of categories that users share
        (:mod:`duologue.pairing.shared_sets`). With ``least`` 0, users without any commonality are offered as well, at
        score 0.
        """
        index: dict[str, list[int]] = defaultdict(list)
        for i, user in enumerate(users):
            for attribute in user.attributes:
                if attribute.category:
                    index[attribute.category].append(i)
        if sum(len(rows) ** 2 for rows in index.values()) <= MEETINGS:
            return self._by_index(users, index, partners, rng)
        table = partners_by_sets(users, self._least, rng.getrandbits(64))
        return table if self._least else _with_strangers(table, len(users), partners, rng)

    def _by_index(
        self, users: Sequence[Profile], index: dict[str, list[int]], partners: int, rng: random.Random
    ) -> Iterator[Edge]:
        places = {category: np.array(rows, dtype=np.int64) for category, rows in index.items()}
        noise = np.random.default_rng(rng.getrandbits(64))
        for i, user in enumerate(users):
            # A user stands in a category's list once per attribute, so that counting names gives the product.
            lists = [places[a.category] for a in user.attributes if a.category]
            names, counts = np.unique(np.concatenate(lists), return_counts=True) if lists else (_NONE, _NONE)
            allowed = (counts >= max(self._least, 1)) & (names != i)
            names, counts = names[allowed], counts[allowed]
            order = np.lexsort((noise.random(len(names)), -counts))[:partners]
            for j, count in zip(names[order].tolist(), counts[order].tolist(), strict=True):
                yield Edge(i, j, float(count))
            if self._least == 0:
                met = {i, *names.tolist()}
                for j in rng.sample(range(len(users)), min(partners, len(users))):
                    if j not in met:
                        yield Edge(i, j, 0.0)


def _with_strangers(table: EdgeTable, n: int, partners: int, rng: random.Random) -> EdgeTable:
    """The edges, and as many random ones of score 0 for each user; of two between the same users the better one counts."""
    strangers = np.random.default_rng(rng.getrandbits(64))
    i = np.repeat(np.arange(n, dtype=np.int32), partners)
    j = strangers.integers(0, n, len(i), dtype=np.int32)
    i, j = i[i != j], j[i != j]
    return EdgeTable(
        np.concatenate([table.i, i]), np.concatenate([table.j, j]), np.concatenate([table.score, np.zeros(len(i))])
    )


_NONE = np.zeros(0, dtype=np.int64)
