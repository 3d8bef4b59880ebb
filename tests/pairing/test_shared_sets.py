"""Pairing many users by the category sets they share, beside looking at all meetings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.config.sections import PairingConfig, SplitsConfig
from duologue.models.protocol import Embedder
from duologue.pairing import commonality, embedding
from duologue.pairing.commonality import shared_attributes
from duologue.pairing.match import pair_users
from duologue.pairing.shared_sets import partners_by_sets
from duologue.records import Attribute, Outcome, Profile
from duologue.store.protocol import Ledger


def people(categories: list[str]) -> list[Profile]:
    return [
        Profile.of(
            tuple(
                Attribute.of(f"I am {n} with {place} of {c}", category="" if c == "-" else c)
                for place, c in enumerate(letters)
            )
        )
        for n, letters in enumerate(categories)
    ]


def many(n: int, seed: int = 0, categories: int = 60) -> list[Profile]:
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, categories + 1)
    letters = [rng.choice(categories, 5, replace=False, p=weights / weights.sum()) for _ in range(n)]
    return people(["".join(chr(0x4E00 + c) for c in line) for line in letters])


@given(
    letters=st.lists(st.text("abcdefghij-", min_size=0, max_size=8), min_size=1, max_size=25),
    least=st.integers(0, 3),
    seed=st.integers(0, 50),
)
def test_edges_are_true_scores_named_once(letters: list[str], least: int, seed: int) -> None:
    users = people(letters)
    table = partners_by_sets(users, least, seed)
    named = set()
    for edge in table:
        assert edge.i < edge.j
        assert edge.score == len(shared_attributes(users[edge.i], users[edge.j])) >= max(least, 1)
        named.add((edge.i, edge.j))
    assert len(named) == len(table)


def test_few_users_are_offered_everyone_they_share_most_with() -> None:
    users = many(40)
    table = partners_by_sets(users, 1, seed=0)
    offered = {(edge.i, edge.j) for edge in table}
    scores = [(len(shared_attributes(users[i], users[j])), i, j) for i in range(40) for j in range(i + 1, 40)]
    strong = [(i, j) for score, i, j in scores if score >= 4]
    assert strong
    assert offered.issuperset(strong)


def test_a_category_that_all_share_is_no_burden() -> None:
    users = people(["a"] * 3000)
    table = partners_by_sets(users, 1, seed=0)
    assert len(table) < 3000 * 40
    met = Counter([*table.i.tolist(), *table.j.tolist()])
    assert len(met) == 3000
    assert min(met.values()) >= 10


def test_edges_depend_on_the_seed_alone() -> None:
    users = many(500)
    one, same, other = (list(partners_by_sets(users, 1, seed)) for seed in (1, 1, 2))
    assert one == same
    assert one != other


Paired = Callable[..., list[tuple[str, str, str, float]]]


@pytest.fixture
def paired(embedder: Embedder, ledger: Ledger) -> Paired:
    def pair(users: list[Profile], **config: object) -> list[tuple[str, str, str, float]]:
        chosen = PairingConfig.model_validate({"pairs": len(users) // 2, **config})
        found = pair_users(users, config=chosen, embedder=embedder, ledger=ledger, splits=SplitsConfig(), seed=3)
        return [(p.user_1.id, p.user_2.id, p.policy, p.score) for p in found]

    return pair


@pytest.mark.parametrize(
    ("policy", "module", "limit"), [("commonality", commonality, "MEETINGS"), ("embedding", embedding, "EXACT")]
)
def test_pairs_of_many_are_nearly_as_strong(
    paired: Paired, monkeypatch: pytest.MonkeyPatch, policy: str, module: object, limit: str, outcomes: list[Outcome]
) -> None:
    users = many(600)
    exact = paired(users, policy=policy)
    monkeypatch.setattr(module, limit, 0)
    fast = paired(users, policy=policy)
    assert fast == paired(users, policy=policy)
    assert fast != exact
    assert len({user for pair in fast for user in pair[:2]}) == 600
    assert [pair[3] for pair in fast if pair[2] == policy] == sorted(
        (pair[3] for pair in fast if pair[2] == policy), reverse=True
    )
    strength = [sum(pair[3] for pair in pairs if pair[2] == policy) for pairs in (fast, exact)]
    assert strength[0] > 0.95 * strength[1]
    assert sum(o.status == "accepted" for o in outcomes) == 900


def test_several_pairs_for_each_user(paired: Paired, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commonality, "MEETINGS", 0)
    pairs = paired(many(90), pairs=200, pairs_per_user=5)
    uses = Counter(user for pair in pairs for user in pair[:2])
    assert len(pairs) == len({frozenset(pair[:2]) for pair in pairs}) == 200
    assert max(uses.values()) <= 5


def test_strangers_are_offered_where_nothing_need_be_shared(paired: Paired, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commonality, "MEETINGS", -1)
    users = people([chr(0x4E00 + n) for n in range(30)])
    pairs = paired(users, min_commonalities=0, fallback=None)
    assert {pair[2:] for pair in pairs} == {("commonality", 0.0)}
