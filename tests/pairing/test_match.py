"""Matching: the strongest first, nobody too often, nothing impossible unsaid."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duologue.config.sections import PairingConfig, SplitsConfig
from duologue.errors import ConfigError, ImpossibleRequest
from duologue.models.protocol import Embedder
from duologue.pairing import embedding
from duologue.pairing import match as match_module
from duologue.pairing.match import Pairs, pair_users, users_needed
from duologue.records import Outcome, Pair, Profile, make_id
from duologue.store.protocol import Ledger
from duologue.vectors import kept

MakeUsers = Callable[..., list[Profile]]
Match = Callable[..., Pairs]


@pytest.fixture
def match(embedder: Embedder, ledger: Ledger) -> Match:
    def matched(users: list[Profile], seed: int = 0, **changes: object) -> Pairs:
        return pair_users(
            users,
            config=PairingConfig.model_validate(changes),
            embedder=embedder,
            ledger=ledger,
            splits=SplitsConfig.model_validate({}),
            seed=seed,
        )

    return matched


def many(users: MakeUsers, count: int, seed: int = 0) -> list[Profile]:
    rng = random.Random(seed)
    return users(*("".join(rng.sample("abcdefghijkl", 4)) for _ in range(count)))


def ids(pair: Pair) -> frozenset[str]:
    return frozenset((pair.user_1.id, pair.user_2.id))


def test_the_strongest_pairs_come_first(match: Match, users: MakeUsers, outcomes: list[Outcome]) -> None:
    people = users("abc", "a", "abd", "b", "cc", "zz")
    pairs = match(people, pairs=2)
    assert [p.score for p in pairs] == [2.0, 0.0] or [p.policy for p in pairs] == ["commonality", "commonality"]
    assert ids(pairs[0]) in ({people[0].id, people[2].id}, {people[0].id, people[4].id})
    for pair in pairs:
        assert pair.id == make_id("p", pair.user_1.id, pair.user_2.id)
        assert len(pair.shared) == pair.score
        for mine, theirs in pair.shared:
            assert mine in {a.id for a in pair.user_1.attributes}
            assert theirs in {a.id for a in pair.user_2.attributes}
    assert [p.index for p in pairs] == [0, 1]
    assert Counter((o.status, o.by) for o in outcomes) == {("accepted", "commonality"): 2, ("rejected", "matching"): 2}


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(12, 40), k=st.integers(1, 3), seed=st.integers(0, 50), least=st.integers(0, 3))
def test_the_rules_hold(match: Match, users: MakeUsers, count: int, k: int, seed: int, least: int) -> None:
    people = many(users, count, seed)
    pairs = match(people, seed, pairs=count // 3, pairs_per_user=k, min_commonalities=least, fallback="random")
    assert len(pairs) == count // 3
    assert len({ids(p) for p in pairs}) == len(pairs)
    uses = Counter(u for p in pairs for u in ids(p))
    assert max(uses.values()) <= k
    assert all(len(ids(p)) == 2 for p in pairs)
    homes: dict[str, set[str]] = {}
    for pair in pairs:
        if pair.policy == "commonality":
            assert pair.score >= least
        for user in ids(pair):
            homes.setdefault(user, set()).add(pair.split)
    assert all(len(splits) == 1 for splits in homes.values())


@pytest.mark.parametrize("k", [1, 2])
def test_the_same_seed_gives_the_same_pairs(match: Match, users: MakeUsers, k: int) -> None:
    people = many(users, 40)
    first, second = (match(people, 5, pairs=12, pairs_per_user=k) for _ in range(2))
    assert tuple(first) == tuple(second)
    assert tuple(first) != tuple(match(people, 6, pairs=12, pairs_per_user=k))


def test_pairs_are_a_sequence_made_on_demand(match: Match, users: MakeUsers) -> None:
    pairs = match(many(users, 40), 5, pairs=12, pairs_per_user=2)
    whole = list(pairs)
    assert [pair.index for pair in whole] == list(range(12))
    assert len(pairs) == 12
    assert pairs[-1] == whole[11]
    assert pairs[3:5] == tuple(whole[3:5])
    assert pairs[4] == whole[4]
    assert pairs[4] is not pairs[4]
    with pytest.raises(IndexError):
        pairs[12]


@pytest.mark.parametrize("policy", ["commonality", "embedding", "random"])
def test_everyone_can_be_paired(match: Match, users: MakeUsers, policy: str) -> None:
    people = many(users, 60)
    pairs = match(people, pairs=30, policy=policy)
    assert {u for p in pairs for u in ids(p)} == {u.id for u in people}


def test_either_user_may_speak_first(match: Match, users: MakeUsers) -> None:
    pairs = match(many(users, 60), pairs=30)
    assert {p.user_1.id < p.user_2.id for p in pairs} == {True, False}


def test_splits_follow_the_shares(match: Match, users: MakeUsers) -> None:
    for k in (1, 2):
        splits = Counter(p.split for p in match(many(users, 100), pairs=40, pairs_per_user=k))
        assert splits == {"train": 32, "valid": 4, "test": 4}


def test_the_fallback_finds_the_rest(match: Match, users: MakeUsers) -> None:
    people = users("ab", "ab", "c", "d", "e", "f")
    pairs = match(people, pairs=3, min_commonalities=2)
    assert [p.policy for p in pairs] == ["commonality", "embedding", "embedding"]
    assert pairs[0].score == 2.0
    assert all(0.0 <= p.score <= 1.0 for p in pairs[1:])


def test_too_few_pairs_are_an_error_without_a_fallback(match: Match, users: MakeUsers, outcomes: list[Outcome]) -> None:
    people = users("ab", "ab", "c", "d", "e", "f")
    with pytest.raises(
        ImpossibleRequest, match=r"only 1 of 3 pairs .* 6 profiles .*min_commonalities 2\), without a fallback"
    ) as caught:
        match(people, pairs=3, min_commonalities=2, fallback=None)
    assert "\n" not in str(caught.value)
    assert outcomes == []


@pytest.mark.parametrize(("count", "k", "most"), [(0, 1, 0), (1, 1, 0), (5, 1, 2), (3, 9, 3)])
def test_too_few_profiles(match: Match, users: MakeUsers, count: int, k: int, most: int) -> None:
    people = users(*"abcde"[:count])
    with pytest.raises(ImpossibleRequest, match=rf"^{count} profiles make at most {most} pairs .* 4 are asked for"):
        match(people, pairs=4, pairs_per_user=k)


def test_an_unknown_policy_is_refused_first(match: Match, users: MakeUsers) -> None:
    with pytest.raises(ConfigError, match="no policy is named 'nearest'"):
        match(users("a", "a"), pairs=1, policy="nearest")
    with pytest.raises(ConfigError, match=r"pairing\.fallback: no policy is named 'nearest'"):
        match(users("a", "a"), pairs=1, fallback="nearest")


@pytest.mark.parametrize("k", [1, 2, 3, 5])
@pytest.mark.parametrize("wanted", [1, 7, 20, 60])
def test_users_needed_are_enough(match: Match, users: MakeUsers, k: int, wanted: int) -> None:
    config = PairingConfig.model_validate({"pairs": wanted, "pairs_per_user": k})
    people = many(users, users_needed(config))
    assert len(match(people, pairs=wanted, pairs_per_user=k)) == wanted


def test_when_everybody_is_free_vectors_are_not_copied(users: MakeUsers, embedder: Embedder) -> None:
    matcher = match_module._Matcher(users(*"abcdef"), [], PairingConfig.model_validate({}), embedder, 0)
    whole = matcher._rows(range(6))()
    assert np.shares_memory(whole, matcher._rows(range(6))())
    assert (matcher._rows([1, 4])() == whole[[1, 4]]).all()


@pytest.mark.parametrize("exact", [10**6, 0])
@pytest.mark.parametrize("k", [1, 3])
def test_a_score_by_embedding_is_that_of_the_two_users(
    users: MakeUsers, embedder: Embedder, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, exact: int, k: int
) -> None:
    """Whatever table the vectors come from, in whatever order that was filled, and whoever is free."""
    monkeypatch.setattr(embedding, "EXACT", exact)
    monkeypatch.setattr(embedding, "_USERS", 16)
    monkeypatch.setattr(kept, "MANY", 1)
    people = many(users, 60)
    table = kept.KeptVectors(embedder)
    texts = [a.text for person in people for a in person.attributes]
    random.Random(1).shuffle(texts)
    table.embed(texts)
    config = PairingConfig.model_validate(
        {"pairs": 25, "policy": "embedding", "pairs_per_user": k, "min_similarity": 0}
    )
    pairs = pair_users(people, config=config, embedder=table, ledger=ledger, splits=SplitsConfig(), seed=3)
    for pair in pairs:
        one, other = (
            embedder.embed([a.text for a in user.attributes]).mean(axis=0) for user in (pair.user_1, pair.user_2)
        )
        true = float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
        assert pair.score == pytest.approx(max(0.0, true), abs=1e-5)
    assert len({pair.score for pair in pairs}) > 5
