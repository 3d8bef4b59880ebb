"""The stages of ``bench/users_scale.py run``, each measured by itself; results that a later one needs are kept in files."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scale_book import Line, measured
from scale_vectors import Inputs, Table

from duologue.config.sections import PairingConfig, ProfilesConfig, SplitsConfig
from duologue.models.nli import load_nli
from duologue.models.protocol import Embedder, Floats, Nli
from duologue.pairing.match import Pairs, pair_users
from duologue.records import Attribute, Profile
from duologue.text import normalise
from duologue.users.attribute_bootstrap import wave_of
from duologue.users.clustering import Labels, assign, cluster
from duologue.users.expansion import Expansion, _with_categories
from duologue.users.known import Known
from duologue.users.profiles import build_profiles
from users import Counting, Tally

DISTANCE = 0.65
SIMILAR = 0.9
"""Cosine above which an attribute is a near-duplicate; the configuration's default."""
FRESH = 2_000
"""Attributes of which it is known by comparing all whether they are near-duplicates."""


class NeverMind:
    """An NLI model that finds everything neutral."""

    name = "neutral"

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        return np.tile(np.array([0.0, 1.0, 0.0], dtype=np.float32), (len(pairs), 1))


def clustering(inputs: Inputs, size: int) -> Line:
    """All attributes, copies included, by the way that is chosen at this size."""
    _, vectors = inputs.load(size)
    found, line = measured(lambda: cluster(vectors, DISTANCE))
    np.save(inputs.file("labels", size), found)
    return {**line, "categories": int(found.max()) + 1, "largest": int(np.bincount(found).max())}


def near_duplicates(inputs: Inputs, size: int) -> Line:
    """The whole stage: half of the attributes are known and the others come in the waves of a run, each refused or kept.

    Of some of the others it is counted how many of the true near-duplicates are found; where there are copies, of copies.
    """
    texts, vectors = inputs.load(size)
    half = size // 2
    places = range(half, size) if inputs.kind == "plain" else range(half + 9 - half % 10, size, 10)
    asked = sorted(random.Random(2).sample(places, min(FRESH, len(places))))
    answers, line = measured(lambda: _refused(texts, vectors, half))
    kept = np.concatenate([np.arange(half), np.flatnonzero([answer is None for answer in answers]) + half])
    first: dict[str, int] = {}
    for row in kept.tolist():
        first.setdefault(normalise(texts[row]), row)
    held = vectors[kept]
    alike = []
    for start in range(0, len(asked), 64):
        similar = vectors[asked[start : start + 64]] @ held.T
        for row, similarities in zip(asked[start : start + 64], similar, strict=True):
            near = bool(similarities[: np.searchsorted(kept, row)].max() > SIMILAR)
            alike.append(near or first.get(normalise(texts[row]), row) < row)
    said = [answers[row - half] is not None for row in asked]
    found = sum(one for one, is_one in zip(said, alike, strict=True) if is_one)
    return {
        **line,
        "looked up": size - half,
        "asked": len(asked),
        "true ones": sum(alike),
        "of them found": found,
        "recall": round(found / max(1, sum(alike)), 4),
        "wrongly found": sum(said) - found,
        "CPU ms each": round(line["CPU seconds"] / (size - half) * 1000, 3),
    }


def _refused(texts: Sequence[str], vectors: Floats, half: int) -> list[str | None]:
    """Why each text after the first ``half`` is refused."""
    known = Known(list(texts[:half]), vectors[:half])
    answers: list[str | None] = []
    step = wave_of(len(texts) - half)
    for start in range(half, len(texts), step):
        ahead = known.ahead(vectors[start : start + step])
        for number, text in enumerate(texts[start : start + step]):
            answers.append(ahead.duplicate(number, text, SIMILAR))
            if answers[-1] is None:
                ahead.keep(number, text)
    return answers


def joining(inputs: Inputs, size: int) -> Line:
    """A tenth of the attributes joins the categories of the others."""
    _, vectors = inputs.load(size)
    new = np.arange(size) >= size - size // 10
    before = np.unique(labels(inputs, size)[~new], return_inverse=True)[1]
    found, line = measured(lambda: assign(vectors[new], vectors[~new], before, DISTANCE))
    return {**line, "joined": int((found <= before.max()).sum()), "founded": int(found.max()) - int(before.max())}


def profiles(inputs: Inputs, size: int) -> Line:
    """As many profiles as attributes, with a stand-in for inference that objects to nothing: our own work."""
    return _profiles(inputs, size, NeverMind(), keep=True)


def profiles_inferred(inputs: Inputs, size: int) -> Line:
    """The same with the built-in NLI model."""
    return _profiles(inputs, size, load_nli("builtin"), keep=False)


def by_commonality(inputs: Inputs, size: int) -> Line:
    """All profiles in pairs, by the paper's policy."""
    return _pairing(inputs, size, "commonality")


def by_embedding(inputs: Inputs, size: int) -> Line:
    """All profiles in pairs, by the cosine of their mean vectors."""
    return _pairing(inputs, size, "embedding")


STAGES: dict[str, Callable[[Inputs, int], Line]] = {
    "clustering": clustering,
    "near-duplicates": near_duplicates,
    "joining": joining,
    "profiles": profiles,
    "profiles with inference": profiles_inferred,
    "pairing by commonality": by_commonality,
    "pairing by embedding": by_embedding,
}
PROCESSOR = {
    "clustering": 0.7,
    "near-duplicates": 0.2,
    "joining": 0.1,
    "profiles": 0.4,
    "profiles with inference": 60.0,
    "pairing by commonality": 0.9,
    "pairing by embedding": 0.9,
}
"""Seconds of processor for each 1,000 attributes, to say beforehand how long a run takes: 2 cores, sizes up to 100,000."""


def labels(inputs: Inputs, size: int) -> Labels:
    """The categories of the first ``size`` attributes, made where they are not kept."""
    path = inputs.file("labels", size)
    if not path.exists():
        np.save(path, cluster(inputs.load(size)[1], DISTANCE))
    found: Labels = np.load(path)
    return found


def expansion(inputs: Inputs, size: int) -> tuple[Expansion, Embedder]:
    """The attributes with their categories, none in the words of an earlier one, as a run has them; and their vectors."""
    texts, vectors = inputs.load(size)
    first: dict[str, int] = {}
    for row, text in enumerate(texts):
        first.setdefault(normalise(text), row)
    rows = list(first.values())
    named = np.unique(labels(inputs, size)[rows], return_inverse=True)[1]
    kept = [texts[row] for row in rows]
    found = _with_categories([Attribute.of(text) for text in kept], named, {})
    return found, Table(kept, vectors if len(rows) == size else vectors[rows])


def build(found: Expansion, count: int, table: Embedder, nli: Nli) -> tuple[Profile, ...]:
    """``count`` profiles of the default configuration."""
    return build_profiles(found, count=count, config=ProfilesConfig(), embedder=table, nli=nli, ledger=Tally(), seed=0)


def paired(users: Sequence[Profile], table: Embedder, policy: str) -> Pairs:
    """All users in pairs."""
    config = PairingConfig(pairs=len(users) // 2, policy=policy, fallback="embedding")
    return pair_users(users, config=config, embedder=table, ledger=Tally(), splits=SplitsConfig(), seed=0)


def users_of(inputs: Inputs, size: int) -> tuple[tuple[Profile, ...], Embedder]:
    """The profiles that :func:`profiles` kept, made where it did not."""
    if not inputs.file("profiles", size).exists():
        profiles(inputs, size)
    found, table = expansion(inputs, size)
    rows = np.load(inputs.file("profiles", size))
    return tuple(Profile.of(tuple(found.attributes[row] for row in line)) for line in rows.tolist()), table


def _profiles(inputs: Inputs, size: int, nli: Nli, *, keep: bool) -> Line:
    found, table = expansion(inputs, size)
    counted = Counting(nli)
    made, line = measured(lambda: build(found, size, table, counted))
    uses = Counter(attribute.id for profile in made for attribute in profile.attributes)
    if keep:
        place = {attribute.id: row for row, attribute in enumerate(found.attributes)}
        rows = [[place[attribute.id] for attribute in profile.attributes] for profile in made]
        np.save(inputs.file("profiles", size), np.array(rows, dtype=np.int32))
    most, least = max(uses.values()), min(uses.values()) if len(uses) == len(found.attributes) else 0
    return {**line, "attributes": len(found.attributes), "questions each": round(counted.asked / size, 2),
            "uses of an attribute": f"{least} to {most}"}  # fmt: skip


def _pairing(inputs: Inputs, size: int, policy: str) -> Line:
    users, table = users_of(inputs, size)
    pairs, line = measured(lambda: paired(users, table, policy))
    scores = scores_of(pairs, policy)
    return {**line, "pairs": len(pairs), "by the policy": len(scores), "mean score": mean(scores)}


def scores_of(pairs: Pairs, policy: str) -> list[float]:
    """The scores of the pairs that the policy itself found."""
    return [pair.score for pair in pairs if pair.policy == policy]


def mean(values: Sequence[Any]) -> float:
    """Rounded; 0 of none."""
    return round(float(np.mean(values)), 4) if len(values) else 0.0
