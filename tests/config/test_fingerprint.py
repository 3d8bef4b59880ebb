"""Tests of the hash over what determines a data set."""

from __future__ import annotations

from pathlib import Path

import pytest

from duologue.config import fingerprint as fingerprint_module
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
        ("small_models.perspective.timeout", 3.0),
        ("small_models.perspective.requests_per_second", 3.0),
        ("small_models.perspective.retries", 3),
        ("small_models.perspective.key_env", "MY_KEY"),
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
        ("small_models.perspective.attributes", ["INSULT"]),
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


@pytest.mark.parametrize("of_judge", [False, True])
def test_a_gguf_file_counts_by_its_name_and_bytes(tmp_path: Path, of_judge: bool) -> None:
    def of(path: Path, backend: str = "embedded") -> str:
        model = {"name": str(path), "backend": backend}
        return fingerprint(Config.model_validate({"critic": {"judge": model}} if of_judge else {"model": model}), SEEDS)

    file, copy, renamed = tmp_path / "m.gguf", tmp_path / "b" / "m.gguf", tmp_path / "n.gguf"
    missing = of(file)
    copy.parent.mkdir()
    for path in (file, copy, renamed):
        path.write_bytes(b"1")
    first = of(file)
    assert len({missing, first, of(renamed)}) == 3
    assert of(copy) == first
    served = of(file, "endpoint")
    file.write_bytes(b"two")
    assert of(file) != first
    assert of(file, "endpoint") == served


@pytest.mark.parametrize("name", ["~nobody-of-this-name/m.gguf", "a\0b.gguf", "x" * 300 + ".gguf"])
def test_a_gguf_file_that_cant_be_is_left_to_who_loads_it(name: str) -> None:
    assert len(fingerprint(Config.model_validate({"model": {"name": name}}), SEEDS)) == 64


def test_a_gguf_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def hashed(path: Path) -> str:
        asked.append(path)
        return "0"

    monkeypatch.setattr(fingerprint_module, "sha256_of", hashed)
    (tmp_path / "m.gguf").write_bytes(b"1")
    for seed in (1, 2):
        fingerprint(Config.model_validate({"seed": seed, "model": {"name": str(tmp_path / "m.gguf")}}), SEEDS)
    assert len(asked) == 1


def test_use_for_non_commercial_ends_counts_where_something_is_trained() -> None:
    made = [
        fingerprint(Config.model_validate({"training": {"non_commercial": n}, "loop": {"method": "finetune"}}), SEEDS)
        for n in (False, True)
    ]
    assert made[0] != made[1]
