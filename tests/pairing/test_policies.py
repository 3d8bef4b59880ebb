"""Each policy's edges, against a plain look at all pairs."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.config.sections import PairingConfig
from duologue.errors import ConfigError
from duologue.models.protocol import Embedder, Floats
from duologue.pairing import policies
from duologue.pairing.commonality import Commonality, shared_attributes
from duologue.pairing.embedding import EmbeddingSimilarity, mean_vectors
from duologue.pairing.policies import make_policy, policy_names
from duologue.pairing.protocol import Edge
from duologue.pairing.random_policy import RandomPairing
from duologue.records import Attribute, Profile

MakeUsers = Callable[..., list[Profile]]


def no_vectors() -> Floats:
    raise AssertionError("vectors are not needed here")


def make(letters: list[str]) -> list[Profile]:
    return [
        Profile.of(tuple(Attribute.of(f"{n} {p}", category=c) for p, c in enumerate(text)))
        for n, text in enumerate(letters)
    ]


@given(st.lists(st.text("abcd", max_size=4), max_size=8), st.integers(1, 4))
def test_commonality_counts_attribute_pairs_in_common_categories(letters: list[str], least: int) -> None:
    users = make(letters)
    edges = list(Commonality(least).edges(users, no_vectors, len(users), random.Random(0)))
    expected = {
        (i, j): sum(a == b for a in letters[i] for b in letters[j])
        for i in range(len(users))
        for j in range(len(users))
        if i != j
    }
    assert {(e.i, e.j): e.score for e in edges} == {key: n for key, n in expected.items() if n >= least}
    for edge in edges:
        assert len(shared_attributes(users[edge.i], users[edge.j])) == edge.score


def test_commonality_keeps_the_best_partners(users: MakeUsers) -> None:
    edges = Commonality(1).edges(users("aaa", "a", "aa", "b"), no_vectors, 1, random.Random(0))
    assert [(e.i, e.j) for e in edges] == [(0, 2), (1, 0), (2, 0)]


def test_without_a_floor_strangers_are_offered_too(users: MakeUsers) -> None:
    edges = list(Commonality(0).edges(users("a", "b", "a"), no_vectors, 5, random.Random(0)))
    assert {(e.i, e.j): e.score for e in edges} == {
        (0, 2): 1.0,
        (2, 0): 1.0,
        (0, 1): 0.0,
        (1, 0): 0.0,
        (1, 2): 0.0,
        (2, 1): 0.0,
    }


def test_attributes_without_category_are_no_commonality(users: MakeUsers) -> None:
    assert list(Commonality(1).edges(users("--", "-"), no_vectors, 5, random.Random(0))) == []


def test_embedding_finds_the_most_similar(monkeypatch: pytest.MonkeyPatch, users: MakeUsers) -> None:
    rows = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    monkeypatch.setattr("duologue.pairing.embedding._BLOCK", 6)
    edges = list(EmbeddingSimilarity(0.3).edges(users(*"a" * 20), lambda: rows, 3, random.Random(0)))
    cosines = rows @ rows.T - 2 * np.eye(20, dtype=np.float32)
    for i in range(20):
        best = sorted((j for j in range(20) if cosines[i, j] >= 0.3), key=lambda j: -cosines[i, j])[:3]
        assert {e.j for e in edges if e.i == i} == set(best)
    assert all(e.score == pytest.approx(cosines[e.i, e.j], abs=1e-5) for e in edges)


def test_embedding_without_a_floor_allows_anyone(users: MakeUsers) -> None:
    opposite = np.array([[1, 0], [-1, 0]], dtype=np.float32)
    edges = list(EmbeddingSimilarity(0.0).edges(users("a", "b"), lambda: opposite, 9, random.Random(0)))
    assert edges == [Edge(0, 1, 0.0), Edge(1, 0, 0.0)]
    assert list(EmbeddingSimilarity(0.0).edges(users("a"), lambda: opposite[:1], 9, random.Random(0))) == []


def test_mean_vectors_are_unit_length(users: MakeUsers, embedder: Embedder) -> None:
    rows = mean_vectors([*users("ab", "c"), Profile("u-0", ())], embedder)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1.0, 1.0, 0.0])


def test_mean_vectors_of_many_users_are_made_in_blocks(
    monkeypatch: pytest.MonkeyPatch, users: MakeUsers, embedder: Embedder
) -> None:
    drawn = random.Random(0)
    many = users(*("".join(drawn.choices("abcdefgh", k=drawn.randrange(6))) for _ in range(40)))
    whole = np.array([embedder.embed([a.text for a in u.attributes]).sum(axis=0) for u in many], dtype=np.float32)
    whole /= np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), 1e-9)
    asked: list[int] = []

    class Counted:
        name = "counted"

        def embed(self, texts: Sequence[str]) -> Floats:
            asked.append(len(texts))
            return embedder.embed(texts)

    at_once = mean_vectors(many, Counted())
    monkeypatch.setattr("duologue.pairing.embedding._USERS", 7)
    in_blocks = mean_vectors(many, Counted())
    assert (in_blocks == at_once).all()
    np.testing.assert_allclose(at_once, whole, atol=1e-6)
    assert len(asked) == 1 + 6
    assert max(asked[1:]) <= 7 * 5
    assert mean_vectors([], embedder).shape == (0, 16)


def test_random_names_others_only(users: MakeUsers) -> None:
    edges = list(RandomPairing().edges(users(*"abcdef"), no_vectors, 3, random.Random(1)))
    assert all(e.i != e.j and e.score == 0.0 for e in edges)
    assert all(sum(e.i == i for e in edges) >= 3 for i in range(6))


def test_policies_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    config = PairingConfig.model_validate({})
    assert [make_policy(name, config).name for name in policy_names()[:3]] == ["commonality", "embedding", "random"]
    with pytest.raises(ConfigError, match=r"no policy is named 'nearest'; there are commonality, embedding, random"):
        make_policy("nearest", config)


def test_a_plug_in_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name = "plugged"
        value = "somewhere:made"

        def load(self) -> Callable[[PairingConfig], RandomPairing]:
            return lambda config: RandomPairing()

    class Broken(Point):
        def load(self) -> Callable[[PairingConfig], RandomPairing]:
            raise ImportError("no such module")

    points: list[Point] = [Point()]
    monkeypatch.setattr(policies, "entry_points", lambda **kwargs: points)
    config = PairingConfig.model_validate({})
    assert isinstance(make_policy("plugged", config), RandomPairing)
    assert policy_names()[-1] == "plugged"
    points[:] = [Broken()]
    with pytest.raises(ConfigError, match=r"'plugged' \(somewhere:made\) can't be loaded: no such module"):
        make_policy("plugged", config)
