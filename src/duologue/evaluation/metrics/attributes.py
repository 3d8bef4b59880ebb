"""The different attributes of a whole data set, found in the one pass: their number, length, categories, and what is new."""

from __future__ import annotations

import hashlib
import math

from duologue.evaluation.metrics.expansion import DISTANCE, SEEDS, TABLE_1, stated
from duologue.evaluation.protocol import Described, Direction, Group, Ratio
from duologue.evaluation.sample import Sample
from duologue.evaluation.view import Roles, View
from duologue.text import normalise
from duologue.users.clustering import cluster, groups


class Met:
    """The different attributes of one data set so far. Its metrics share one; it keeps some 100 bytes an attribute."""

    def __init__(self) -> None:
        self._met: set[bytes] = set()
        self._view: View | None = None
        self._fresh: tuple[str, ...] = ()
        self._seeds: tuple[Roles | None, frozenset[str]] = (None, frozenset())
        self.drawn: Sample[str] = Sample(SEEDS, 0)
        """At most :data:`SEEDS` of them as they are written, by hash."""
        self.number = 0

    def fresh(self, view: View) -> tuple[str, ...]:
        """Those that were not met before this conversation, normalised."""
        if view is not self._view:
            found = []
            for _, text in view.attributes:
                flat = normalise(text)
                key = hashlib.blake2b(flat.encode("utf-8", "surrogatepass"), digest_size=8).digest()
                if flat and key not in self._met:
                    self._met.add(key)
                    self.drawn.offer(key, text)
                    found.append(flat)
            self._view, self._fresh = view, tuple(found)
            self.number += len(found)
        return self._fresh

    def new(self, view: View) -> tuple[str, ...]:
        """Those of :meth:`fresh` that are not among the seeds."""
        if self._seeds[0] is not view.roles:
            self._seeds = view.roles, frozenset(map(normalise, view.roles.seeds))
        seeds = self._seeds[1]
        return tuple(flat for flat in self.fresh(view) if flat not in seeds)


class _Different(Described):
    group: Group = "expansion"
    direction: Direction = "none"
    source = TABLE_1

    def __init__(self, met: Met | None = None) -> None:
        self._met = met or Met()


class Attributes(_Different):
    """Number of different persona attributes in the whole data set, letter case and punctuation aside."""

    name = "attributes"
    title = "different attributes"
    unit = "count"
    range = (0.0, math.inf)
    paper = stated(4723, 10371, 9200, 8768, 18293)

    def add(self, view: View) -> None:
        """See one conversation."""
        self._met.fresh(view)

    def total(self) -> Ratio | None:
        """None without profiles."""
        return (float(self._met.number), float(self._met.number)) if self._met.number else None


class Categories(_Different):
    """Number of persona categories: clusters by average linkage on cosine distance of sentence vectors, of the different
    attributes of the whole data set, of more than 6,000 that many drawn by hash. More attributes have more categories, so
    compare data sets by categories per 100 attributes. The paper's vectors are others; with ours the threshold gives for
    Persona-Chat what the paper gives.
    """

    name = "categories"
    title = "categories"
    unit = "count"
    range = (0.0, math.inf)
    needs = frozenset(("embedder",))
    paper = stated(323, 553, 520, 408, 986)

    def __init__(self, met: Met | None = None) -> None:
        super().__init__(met)
        self._roles: Roles | None = None

    def add(self, view: View) -> None:
        """See one conversation."""
        self._roles = view.roles
        self._met.fresh(view)

    def total(self) -> Ratio | None:
        """Clusters, of how many attributes; None without profiles."""
        held = self._met.drawn.items()
        if not held or self._roles is None or self._roles.embedder is None:
            return None
        return float(len(groups(cluster(self._roles.embedder.embed(held), DISTANCE)))), float(len(held))


class AttributeLength(_Different):
    """Mean number of words of the different attributes of the whole data set."""

    name = "attribute_length"
    title = "words in an attribute"
    unit = "words"
    range = (0.0, math.inf)

    def measure(self, view: View) -> Ratio | None:
        """Words of those met here first; None without profiles."""
        fresh = self._met.fresh(view)
        return (float(sum(len(flat.split()) for flat in fresh)), float(len(fresh))) if view.attributes else None


class NewAttributes(_Different):
    """Share of the different attributes of the whole data set that are not among the seeds."""

    name = "new_attributes"
    title = "attributes not in the seeds"

    def measure(self, view: View) -> Ratio | None:
        """New ones among those met here first; None without seeds or profiles."""
        if not view.attributes or not view.roles.seeds:
            return None
        return float(len(self._met.new(view))), float(len(self._met.fresh(view)))


class NewLength(_Different):
    """Mean number of words of those different attributes of the whole data set that are not among the seeds. The paper's value
    for Persona-Chat is of the seeds themselves, and which of SPC's attributes it took as new is not stated.
    """

    name = "new_attribute_length"
    title = "words in a new attribute"
    unit = "words"
    range = (0.0, math.inf)
    paper = stated(7.65, 15.9, 11.38, 10.45, 15.2)

    def measure(self, view: View) -> Ratio | None:
        """Words of new ones met here first; None without seeds or profiles."""
        if not view.attributes or not view.roles.seeds:
            return None
        new = self._met.new(view)
        return float(sum(len(flat.split()) for flat in new)), float(len(new))
