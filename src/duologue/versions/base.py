"""The version that is extended: who and what is there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from duologue.errors import UsageError
from duologue.export.splits import Split
from duologue.models.protocol import Embedder
from duologue.pairing.earlier import Earlier
from duologue.records import Attribute, Pair, Profile
from duologue.seeds import Seeds
from duologue.store.reading import RunReader
from duologue.store.revisions import Revision
from duologue.text import normalise
from duologue.users.clustering import assign


@dataclass(frozen=True, slots=True)
class Base:
    """A finished version. Holds its users, not its conversations."""

    revision: Revision
    users: tuple[Profile, ...]
    """In the order in which they were made."""
    splits: Mapping[str, Split]
    """Of the users that stand in a pair, by id."""
    pairs: int
    """One more than the greatest index of a pair."""
    words: frozenset[str]
    """Its seed and bootstrapped attributes, normalised."""

    def earlier(self, *, meet: bool) -> Earlier:
        """What pairing has to know; without ``meet`` new users keep to themselves."""
        met = tuple(user for user in self.users if user.id in self.splits) if meet else ()
        return Earlier(met, {user.id: self.splits[user.id] for user in met}, self.pairs)


def read_base(reader: RunReader) -> Base:
    """Read the version. Raises UsageError when it has not finished."""
    revision = reader.revision()
    if revision.state != "finished":
        raise UsageError(
            f"{reader.folder}: version {revision.id} is {revision.state}, not finished; finish it with the same run command first"
        )
    users: dict[str, Profile] = {}
    words: set[str] = set()
    for stage in ("seed", "attribute"):
        for item in reader.items(stage, status="accepted"):
            words.add(normalise(str((item.value() or {}).get("text", ""))))
    for item in reader.items("profile", status="accepted"):
        profile = item.record(Profile)
        users[profile.id] = profile
        words.update(normalise(a.text) for a in profile.attributes)
    splits: dict[str, Split] = {}
    pairs = 0
    for item in reader.items("pair", status="accepted"):
        pair = item.record(Pair)
        pairs = max(pairs, pair.index + 1)
        splits[pair.user_1.id] = splits[pair.user_2.id] = pair.split
    return Base(revision, tuple(users.values()), splits, pairs, frozenset(words))


def only_new(seeds: Seeds, base: Base) -> tuple[Seeds, int]:
    """The seeds without attributes that the version holds, and how many those are. Profiles left empty go."""
    profiles = [tuple(t for t in profile if normalise(t) not in base.words) for profile in seeds.profiles]
    known = len(seeds.attributes) - len({t for profile in profiles for t in profile})
    return replace(seeds, profiles=tuple(dict.fromkeys(p for p in profiles if p))), known


def in_known_categories(
    profiles: Sequence[Profile], base: Base, *, distance: float, embedder: Embedder
) -> tuple[Profile, ...]:
    """The profiles with each attribute in the version's category nearest to it within ``distance``, if there is one.

    So new users have commonalities with those of the version. Ids follow from the texts and stay.
    """
    known = {a.id: a for user in base.users for a in user.attributes if a.category}
    new = {a.id: a for profile in profiles for a in profile.attributes}
    if not known or not new:
        return tuple(profiles)
    names = list(dict.fromkeys(a.category for a in known.values()))
    number = {name: place for place, name in enumerate(names)}
    labels = np.array([number[a.category] for a in known.values()], dtype=np.int64)
    there = embedder.embed([a.text for a in known.values()])
    found = assign(embedder.embed([a.text for a in new.values()]), there, labels, distance)
    category = {
        i: names[label] if label < len(names) else a.category
        for (i, a), label in zip(new.items(), found.tolist(), strict=True)
    }

    def placed(attribute: Attribute) -> Attribute:
        return replace(attribute, category=category[attribute.id])

    return tuple(replace(p, attributes=tuple(placed(a) for a in p.attributes)) for p in profiles)
