"""The paper's policy: the more attributes in common categories, the better the pair (section 3.3)."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from duologue.models.protocol import Floats
from duologue.pairing.protocol import Edge
from duologue.records import Profile


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
    ) -> Iterator[Edge]:
        """Yield each user's best partners by way of an index from category to users; ``vectors`` is not used.

        With ``least`` 0, users without any commonality are offered as well, at score 0.
        """
        index: dict[str, list[int]] = defaultdict(list)
        for i, user in enumerate(users):
            for attribute in user.attributes:
                if attribute.category:
                    index[attribute.category].append(i)
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


_NONE = np.zeros(0, dtype=np.int64)
