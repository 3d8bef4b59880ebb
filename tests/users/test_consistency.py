"""Which attributes keep each other out of a profile."""

from __future__ import annotations

from typing import Any

from duologue.config.sections import ProfilesConfig
from duologue.models.protocol import Embedder, Nli
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


def test_pairs_are_asked_once(embedder: Embedder, nli: Any) -> None:
    consistency = checks(embedder, nli)
    consistency.conflicts([[0, 1], [0, 1]])
    consistency.conflicts([[0, 1]])
    asked = nli.asked
    assert len(asked) == len(set(asked)) == 2
