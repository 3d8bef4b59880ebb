"""Tests of the hash over what determines a data set."""

from __future__ import annotations

import pytest

from duologue.config.fingerprint import fingerprint
from duologue.config.load import load_config
from duologue.seeds import Seeds

SEEDS = Seeds((("I a.", "I b."), ("I c.",)), "here.txt", "text")
BASE = fingerprint(load_config(), SEEDS)


def test_it_is_a_sha256() -> None:
    assert len(BASE) == 64
    assert set(BASE) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("engine.concurrency", 3),
        ("budget.max_tokens", 3),
        ("seeds.path", "elsewhere"),
        ("seeds.limit", 3),
        ("model.base_url", "http://localhost/v1"),
        ("model.slots", 2),
    ],
)
def test_what_changes_no_answer_is_left_out(path: str, value: object) -> None:
    assert fingerprint(load_config(overrides={path: value}), SEEDS) == BASE


@pytest.mark.parametrize(
    ("path", "value"),
    [("seed", 1), ("model.name", "x"), ("pairing.pairs", 3), ("splits.train", 0.8000001), ("critic.support", 0.5)],
)
def test_what_counts_is_in(path: str, value: object) -> None:
    assert fingerprint(load_config(overrides={path: value}), SEEDS) != BASE


def test_the_seeds_content_counts_and_its_place_does_not() -> None:
    assert fingerprint(load_config(), Seeds(SEEDS.profiles, "there.csv", "csv", 3, ("x",))) == BASE
    assert fingerprint(load_config(), Seeds((("I a.",), ("I b.", "I c.")), "here.txt", "text")) != BASE
