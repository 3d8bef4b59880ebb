"""Which attributes keep each other out of a profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from duologue.config.sections import ProfilesConfig
from duologue.models.protocol import Embedder, Floats, Nli
from duologue.records import Attribute
from duologue.users.consistency import Consistency

TEXTS = ("I love rain", "I hate rain", "I love slow rain", "I bake bread", "I bake fresh bread", "My car is red")
ATTRIBUTES = [Attribute.of(text, category=category) for text, category in zip(TEXTS, "aabccd", strict=True)]


def checks(embedder: Embedder, nli: Nli, **changes: object) -> Consistency:
    return Consistency(ATTRIBUTES, ProfilesConfig.model_validate(changes), embedder, nli)


def test_one_category_and_likeness(embedder: Embedder, nli: Nli) -> None:
    assert checks(embedder, nli).clash([0], 1) == "category"
    assert checks(embedder, nli, distinct_categories=False).clash([3], 4) is None
    assert checks(embedder, nli, distinct_categories=False, max_similarity=0.5).clash([5, 3], 4) == "similarity"
    assert checks(embedder, nli).clash([], 4) is None


def test_two_lives_are_kept_apart(embedder: Embedder, nli: Nli) -> None:
    attributes = [Attribute.of(text) for text in ("I'm fourteen.", "I am a surgeon.", "I like fish.")]
    assert Consistency(attributes, ProfilesConfig(), embedder, nli).clash([0], 1) == "life"
    assert Consistency(attributes, ProfilesConfig(), embedder, nli).clash([0], 2) is None
    assert Consistency(attributes, ProfilesConfig(one_life=False), embedder, nli).clash([0], 1) is None


def test_the_later_member_gives_way_and_both_directions_count(embedder: Embedder, nli: Nli) -> None:
    found = checks(embedder, nli).conflicts([[0, 1], [3, 4], [4, 3], [0, 5]])
    assert [[(c.row, c.by) for c in group] for group in found] == [
        [(1, "contradiction")],
        [(4, "entailment")],
        [(3, "entailment")],
        [],
    ]
    assert "'I love rain' contradicts 'I hate rain'" in found[0][0].reason


def test_members_on_the_topic_are_joined_as_a_premise(embedder: Embedder, nli: Any) -> None:
    consistency = checks(embedder, nli)
    consistency.conflicts([[3, 5, 4, 0]])
    assert not any("rain" in hypothesis and premise.count("I ") > 1 for premise, hypothesis in nli.asked)
    nli.asked.clear()
    assert consistency.conflicts([[1, 0, 5, 2]])[0]
    assert ("I hate rain. I love rain.", "I love slow rain") in nli.asked
    assert ("I love rain. I love slow rain.", "I hate rain") in nli.asked
    nli.asked.clear()
    consistency.conflicts([[1, 0, 5, 2]], set_level=False)
    assert all(premise.count("I ") <= 1 for premise, _ in nli.asked)


class TogetherNli:
    """Two premises contradict what neither does alone."""

    name = "together"

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        hit = [premise.count("rain") == 2 and hypothesis == "I hate rain" for premise, hypothesis in pairs]
        return np.array([(0.0, 0.1, 0.9) if h else (0.0, 0.9, 0.1) for h in hit], dtype=np.float32).reshape(-1, 3)


def test_the_profile_together_can_contradict_what_no_member_does(embedder: Embedder) -> None:
    consistency = checks(embedder, TogetherNli())
    assert consistency.conflicts([[0, 2], [0, 1], [2, 1]]) == [[], [], []]
    ((conflict,),) = consistency.conflicts([[0, 2, 1]])
    assert (conflict.row, conflict.by) == (1, "contradiction_set")
    assert "'I love rain' 'I love slow rain' contradicts 'I hate rain'" in conflict.reason
    assert consistency.conflicts([[0, 2, 1]], set_level=False) == [[]]


def test_both_directions_of_a_pair_are_asked(embedder: Embedder, nli: Any) -> None:
    checks(embedder, nli).conflicts([[0, 1]])
    assert set(nli.asked) == {("I love rain.", "I hate rain"), ("I hate rain.", "I love rain")}


def test_pairs_are_asked_once(embedder: Embedder, nli: Any) -> None:
    consistency = checks(embedder, nli)
    consistency.conflicts([[0, 1], [0, 1]])
    consistency.conflicts([[0, 1]])
    asked = nli.asked
    assert len(asked) == len(set(asked)) == 2
