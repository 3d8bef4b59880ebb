"""Expansion: how persona attributes spread over categories, and which categories are new beside the seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from duologue.evaluation.protocol import Direction, Group
from duologue.evaluation.sized import Sized
from duologue.evaluation.view import Roles, View
from duologue.models.protocol import Floats
from duologue.text import normalise
from duologue.users.clustering import cluster, groups

TABLE_1 = "arXiv 2312.10007, table 1"
CLUSTERED = 3000
"""Most attributes that are clustered; time and memory grow with their square."""
SEEDS = 6000
"""Most seeds that are clustered beside them; Persona-Chat has fewer than 5,000."""
DISTANCE = 0.65
"""As ``expansion.cluster_distance``: attributes of one persona category lie nearer on average."""


def stated(*values: float) -> Mapping[str, float]:
    """The values of a line of the paper's table 1, by column."""
    columns = ("Persona-Chat seeds", "SPC", "SPC without queries", "Wikipedia seeds", "Wikipedia expanded")
    return dict(zip(columns, values, strict=True))


class _Clustered(Sized):
    group: Group = "expansion"
    direction: Direction = "higher"
    source = TABLE_1
    needs = frozenset(("embedder",))
    counted = "different attributes"
    least = 100
    most = CLUSTERED

    def amount(self, views: Sequence[View]) -> int:
        """Their different attributes."""
        return len(texts(views))

    def taken(self, views: Sequence[View], most: float) -> Sequence[View]:
        """Those of the first different attributes."""
        met: set[str] = set()
        for place, view in enumerate(views):
            if len(met) >= most:
                return views[:place]
            met.update(flat for _, text in view.attributes if (flat := normalise(text)))
        return views


class Clusters(_Clustered):
    """Persona categories per 100 attributes: clusters by average linkage on cosine distance of sentence vectors, of at
    most 3,000 different attributes of the sample. The paper counts clusters of whole data sets (see categories), at a
    threshold for other vectors, so only the direction compares.
    """

    name = "clusters"
    title = "categories per 100 attributes"
    unit = "ratio"
    range = (0.0, 100.0)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None for fewer than 50 attributes."""
        vectors = _vectors(views, most)
        return per_100(vectors) if len(vectors) >= 50 else None


class InterCluster(_Clustered):
    """Mean cosine distance between the centres of two persona categories, clustered as for categories per 100 attributes.
    The paper's is of other vectors at another threshold, so only the direction compares.
    """

    name = "inter_cluster_distance"
    title = "distance between categories"
    unit = "cosine"
    range = (0.0, 2.0)
    paper = stated(0.836, 0.863, 0.842, 0.816, 0.85)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None for fewer than 50 attributes or one category."""
        vectors = _vectors(views, most)
        if len(vectors) < 50:
            return None
        return between_categories(vectors)


class NewCategories(_Clustered):
    """Share of persona categories without a seed in them, clustered from the sample's attributes (at most 3,000) and the
    seeds together. Of more than 6,000 seeds that many are drawn by hash, and the share is then too high.
    """

    name = "new_categories"
    title = "categories without a seed"
    one_part = True
    """All seeds are clustered with each part."""
    whole_too = False
    resampled = False

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None without seeds, or for fewer than 50 attributes."""
        vectors = _vectors(views, most)
        if not views or len(vectors) < 50 or not views[0].roles.seeds:
            return None
        seeds = seed_vectors(views[0].roles)
        members = groups(cluster(np.concatenate([seeds, vectors]), DISTANCE))
        return sum(min(rows) >= len(seeds) for rows in members) / len(members)


def per_100(vectors: Floats) -> float:
    """Categories per 100 of these attributes, (attributes, dimensions)."""
    return 100.0 * len(groups(cluster(vectors, DISTANCE))) / len(vectors)


def between_categories(vectors: Floats) -> float | None:
    """Mean cosine distance of two categories' centres; None for one category."""
    members = groups(cluster(vectors, DISTANCE))
    return between(np.stack([vectors[rows].mean(axis=0) for rows in members])) if len(members) > 1 else None


def between(centres: Floats) -> float:
    """Mean cosine distance of all pairs of rows."""
    unit = centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
    n = len(unit)
    # The sum over all pairs follows from the sum of the rows.
    total = float(np.square(unit.sum(axis=0, dtype=np.float64)).sum()) - n
    return 1.0 - total / (n * (n - 1))


def texts(views: Sequence[View]) -> list[str]:
    """The different attributes, normalised, in order of first appearance."""
    return list(dict.fromkeys(flat for view in views for _, text in view.attributes if (flat := normalise(text))))


def _vectors(views: Sequence[View], most: float) -> Floats:
    found: dict[str, Floats] = {}
    for view in views:
        for (_, text), vector in zip(view.attributes, view.attribute_vectors, strict=True):
            if flat := normalise(text):
                found.setdefault(flat, vector)
        if len(found) >= most:
            break
    return np.stack(list(found.values())[: int(most)]) if found else np.zeros((0, 1), dtype=np.float32)


@lru_cache(maxsize=4)
def seed_vectors(roles: Roles) -> Floats:
    """Unit vectors of the seeds that :func:`drawn` gives, (seeds, dimensions)."""
    assert roles.embedder is not None
    return roles.embedder.embed(drawn(roles.seeds))


def drawn(seeds: Sequence[str]) -> list[str]:
    """At most :data:`SEEDS` of the different seeds, by hash, in order."""
    held = list(dict.fromkeys(seeds))
    if len(held) <= SEEDS:
        return held
    ranks = {text: hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in held}
    chosen = set(sorted(held, key=ranks.__getitem__)[:SEEDS])
    return [text for text in held if text in chosen]
