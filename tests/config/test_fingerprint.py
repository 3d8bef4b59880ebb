"""Tests of the hash over what determines a data set."""

from __future__ import annotations

from pathlib import Path

import pytest

from duologue.config.fingerprint import fingerprint
from duologue.config.load import load_config
from duologue.config.sections import Config
from duologue.errors import ModelError
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
    [
        ("seed", 1),
        ("model.name", "x"),
        ("pairing.pairs", 3),
        ("splits.train", 0.8000001),
        ("critic.support", 0.4),
        ("expansion.queries", False),
        ("expansion.clustering", "approximate"),
    ],
)
def test_what_counts_is_in(path: str, value: object) -> None:
    assert fingerprint(load_config(overrides={path: value}), SEEDS) != BASE


def test_the_seeds_content_counts_and_its_place_does_not() -> None:
    assert fingerprint(load_config(), Seeds(SEEDS.profiles, "there.csv", "csv", 3, ("x",))) == BASE
    assert fingerprint(load_config(), Seeds((("I a.",), ("I b.", "I c.")), "here.txt", "text")) != BASE


def test_training_counts_only_where_the_run_trains() -> None:
    few = [fingerprint(Config.model_validate({"training": {"rank": rank}}), SEEDS) for rank in (4, 8)]
    tuned = [
        fingerprint(Config.model_validate({"training": {"rank": rank}, "loop": {"method": "finetune"}}), SEEDS)
        for rank in (4, 8)
    ]
    assert few[0] == few[1]
    assert len({few[0], *tuned}) == 3


def test_an_adapter_counts_by_its_bytes(tmp_path: Path) -> None:
    made = []
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter.gguf").write_bytes(content)
        made.append(fingerprint(Config.model_validate({"model": {"adapter": str(tmp_path / name)}}), SEEDS))
    assert made[0] == made[1] != made[2]
    with pytest.raises(ModelError, match=r"holds no adapter\.gguf"):
        fingerprint(Config.model_validate({"model": {"adapter": str(tmp_path / "d")}}), SEEDS)


def test_use_for_non_commercial_ends_counts_where_something_is_trained() -> None:
    made = [
        fingerprint(Config.model_validate({"training": {"non_commercial": n}, "loop": {"method": "finetune"}}), SEEDS)
        for n in (False, True)
    ]
    assert made[0] != made[1]
