"""Expansion: how many persona attributes a data set has, how they spread, and what is new beside the seeds."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from duologue.evaluation.protocol import Described, Direction, Group
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


def _paper(*values: float) -> Mapping[str, float]:
    """The values of a line of the paper's table 1, by column."""
    columns = ("Persona-Chat seeds", "SPC", "SPC without queries", "Wikipedia seeds", "Wikipedia expanded")
    return dict(zip(columns, values, strict=True))


class _Expansion(Described):
    group: Group = "expansion"
    direction: Direction = "higher"
    source = TABLE_1


class Attributes(_Expansion):
    """Number of different persona attributes in the sample, letter case and punctuation aside. The paper counts those of
    whole data sets, so it compares only where the sample is the whole.
    """

    name = "attributes"
    title = "different attributes"
    unit = "count"
    range = (0.0, math.inf)
    direction = "none"
    paper = _paper(4723, 10371, 9200, 8768, 18293)
    resampled = False

    def figure(self, views: Sequence[View]) -> float | None:
        """None without profiles."""
        return float(len(texts(views))) or None


class AttributeLength(_Expansion):
    """Mean number of words of the different attributes of the sample."""

    name = "attribute_length"
    title = "words in an attribute"
    unit = "words"
    range = (0.0, math.inf)
    direction = "none"
    resampled = False

    def figure(self, views: Sequence[View]) -> float | None:
        """None without profiles."""
        held = texts(views)
        return sum(len(flat.split()) for flat in held) / len(held) if held else None


class NewAttributes(_Expansion):
    """Share of the sample's different attributes that are not among the seeds."""

    name = "new_attributes"
    title = "attributes not in the seeds"
    direction = "none"
    resampled = False

    def figure(self, views: Sequence[View]) -> float | None:
        """None without seeds or profiles."""
        held, seeds = texts(views), _seeds(views)
        return sum(flat not in seeds for flat in held) / len(held) if held and seeds else None


class NewLength(_Expansion):
    """Mean number of words of those attributes of the sample that are not among the seeds. The paper's value
    for Persona-Chat is of the seeds themselves, and which of SPC's attributes it took as new is not stated.
    """

    name = "new_attribute_length"
    title = "words in a new attribute"
    unit = "words"
    range = (0.0, math.inf)
    direction = "none"
    resampled = False
    paper = _paper(7.65, 15.9, 11.38, 10.45, 15.2)

    def figure(self, views: Sequence[View]) -> float | None:
        """None without seeds or without new attributes."""
        seeds = _seeds(views)
        new = [flat for flat in texts(views) if flat not in seeds]
        return sum(len(flat.split()) for flat in new) / len(new) if new and seeds else None


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
    most 3,000 different attributes of the sample. The paper counts clusters (323 of 4,723 seed attributes, 553 of SPC's
    10,371) at a threshold for other vectors, so only the direction compares.
    """

    name = "clusters"
    title = "categories per 100 attributes"
    unit = "ratio"
    range = (0.0, 100.0)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None for fewer than 50 attributes."""
        vectors = _vectors(views, most)
        return 100.0 * len(groups(cluster(vectors, DISTANCE))) / len(vectors) if len(vectors) >= 50 else None


class InterCluster(_Clustered):
    """Mean cosine distance between the centres of two persona categories, clustered as for categories per 100 attributes.
    The paper's is of other vectors at another threshold, so only the direction compares.
    """

    name = "inter_cluster_distance"
    title = "distance between categories"
    unit = "cosine"
    range = (0.0, 2.0)
    paper = _paper(0.836, 0.863, 0.842, 0.816, 0.85)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None for fewer than 50 attributes or one category."""
        vectors = _vectors(views, most)
        if len(vectors) < 50:
            return None
        members = groups(cluster(vectors, DISTANCE))
        if len(members) < 2:
            return None
        return between(np.stack([vectors[rows].mean(axis=0) for rows in members]))


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
        seeds = _seed_vectors(views[0].roles)
        members = groups(cluster(np.concatenate([seeds, vectors]), DISTANCE))
        return sum(min(rows) >= len(seeds) for rows in members) / len(members)


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


def _seeds(views: Sequence[View]) -> frozenset[str]:
    return frozenset(map(normalise, views[0].roles.seeds)) if views else frozenset()


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
def _seed_vectors(roles: Roles) -> Floats:
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
