from __future__ import annotations

import pytest

from duologue.config.sections import PairingConfig, SplitsConfig
from duologue.models.scripted import ScriptedEmbedder
from duologue.pairing.alike import Alike
from duologue.pairing.match import pair_users
from duologue.records import Attribute, Profile
from duologue.store.in_memory import InMemoryLedger


def profile(*texts: str) -> Profile:
    return Profile.of(tuple(Attribute.of(text) for text in texts))


BAKER = profile("I bake bread at night.", "I own two brown dogs.", "I sing in a choir.")
COPY = profile("i bake bread at night", "I own two brown dogs!", "My car is red.")
OTHER = profile("I bake bread at night.", "I fly small planes.", "My sister lives in Rome.")


@pytest.mark.parametrize(("most", "copy", "other"), [(0.5, True, False), (0.2, True, True), (0.7, False, False)])
def test_the_share_of_the_smaller_profile_counts(most: float, copy: bool, other: bool) -> None:
    alike = Alike([BAKER, COPY, OTHER], most)
    assert (alike(0, 1), alike(1, 0), alike(0, 2)) == (copy, copy, other)


def test_one_takes_everybody() -> None:
    assert not Alike([BAKER, BAKER], 1.0)(0, 1)


def test_copies_are_not_paired_with_each_other() -> None:
    users = [BAKER, COPY, OTHER, profile("I own two brown dogs.", "I swim at dawn.", "I paint doors.")]
    config = PairingConfig(pairs=2, policy="embedding", min_commonalities=0)
    pairs = pair_users(
        users, config=config, embedder=ScriptedEmbedder(), ledger=InMemoryLedger(), splits=SplitsConfig(), seed=1
    )
    assert all({p.user_1.id, p.user_2.id} != {BAKER.id, COPY.id} for p in pairs)
    alone = PairingConfig(pairs=1, policy="embedding", fallback=None)
    (pair,) = pair_users(
        users[:2], config=alone, embedder=ScriptedEmbedder(), ledger=InMemoryLedger(), splits=SplitsConfig(), seed=1
    )
    assert {pair.user_1.id, pair.user_2.id} == {BAKER.id, COPY.id}, "there is nobody else"


@pytest.mark.parametrize("policy", ["embedding", "commonality"])
def test_of_many_copies_each_meets_somebody_else(policy: str) -> None:
    def copy(topic: str, n: int) -> Profile:
        texts = (f"I love {topic} very much.", f"My friends bring {topic}.", f"I was born in year {n}.")
        return Profile.of(tuple(Attribute.of(text, category=f"{topic}{i}") for i, text in enumerate(texts)))

    users = [copy(topic, n) for topic in ("bread", "planes") for n in range(40)]
    config = PairingConfig(pairs=40, policy=policy)
    pairs = pair_users(
        users, config=config, embedder=ScriptedEmbedder(), ledger=InMemoryLedger(), splits=SplitsConfig(), seed=1
    )
    topics = [{user.attributes[0].text for user in (pair.user_1, pair.user_2)} for pair in pairs]
    assert all(len(two) == 2 for two in topics)
