"""Tests of loading a configuration from preset, file and flags."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.config.load import load_config
from duologue.config.presets import PRESETS
from duologue.config.sections import Config
from duologue.errors import ConfigError


def load(folder: Path, text: str, **overrides: object) -> Config:
    file = folder / "run.yaml"
    file.write_text(text, encoding="utf-8")
    return load_config(file, overrides=overrides)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nothing_given_is_the_default() -> None:
    assert load_config() == Config()


def test_order_is_default_preset_file_flags(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("pairing: {pairs: 7}\nloop: {iterations: 4}\ngenerator: {candidates: 9}\n")
    config = load_config(
        file, preset="quick", overrides={"generator.candidates": 5, "loop.iterations": None, "seeds.path": Path("a/b")}
    )
    assert config.expansion.target == 12
    assert config.pairing.pairs == 7
    assert config.loop.iterations == 4
    assert config.generator.candidates == 5
    assert config.seeds.path == "a/b"
    assert config.critic == Config().critic


def test_empty_files_and_sections_keep_the_values(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Config()
    assert load(tmp_path, "# nothing\npairing:\n  # pairs: 3\n") == Config()


def test_null_replaces_a_preset_where_null_is_a_value(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("expansion: {target: null}\ngenerator: {sampling: null}\n")
    config = load_config(file, preset="quick", overrides={})
    assert config.expansion.target is None
    assert config.expansion.bootstrap_queries == 4


def test_tuples_numbers_and_exponents(tmp_path: Path) -> None:
    config = load(tmp_path, "generator: {utterances: [4, 6]}\nengine: {connect_timeout: 5}\ncritic: {support: 1e-1}\n")
    assert config.generator.utterances == (4, 6)
    assert config.engine.connect_timeout == 5.0
    assert config.critic.support == 0.1
    assert load_config(overrides={"profiles.size": (3, 5)}).profiles.size == (3, 5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pairing: {pairs: 0}", "pairing.pairs: given 0, expected a whole number of at least 1"),
        ("seed: '5'", 'seed: given "5", expected a whole number from 0 to 2147483647'),
        ("seed: true", "seed: given true, expected a whole number"),
        ("seed: 2.0", "seed: given 2.0, expected a whole number"),
        ("seed: 99999999999999999999999", "expected a whole number from 0 to 2147483647"),
        ("seed: 2024-01-01", 'seed: given "2024-01-01"'),
        ("critic: {support: 1.5}", "critic.support: given 1.5, expected a number from 0.0 to 1.0"),
        ("budget: {max_cost: .nan}", "budget.max_cost: given nan, expected a finite number"),
        ("budget: {max_cost: 0}", "budget.max_cost: given 0, expected a number above 0, or null"),
        ("model: {backend: gpt}", 'model.backend: given "gpt", expected one of embedded, endpoint, scripted'),
        ("model: {name: ''}", "expected a text that is not empty"),
        ("critic: {guards: [format, 2]}", 'critic.guards: given ["format", 2], expected a list of texts'),
        ("generator: {utterances: [2]}", "generator.utterances: given [2], expected a list of 2 whole numbers"),
        ("generator: {utterances: [9, 3]}", "generator: utterances must be [fewest, most]"),
        ("generator: {sampling: {temperature: 9}}", "generator.sampling.temperature: given 9, expected a number"),
        ("profiles: {size: x}", 'profiles.size: given "x", expected a whole number or a list of 2 whole numbers'),
        ("splits: {train: 0.5}", "splits: train, valid and test must add up to 1"),
        ("pairing: 4", "pairing: given 4, expected a section with the keys pairs, policy"),
        ("pairing: {pair: 3}", "pairing.pair: unknown key; did you mean pairing.pairs?"),
        ("pairs: 3", "pairs: unknown key; did you mean pairing.pairs?"),
        ("zzz: 3", "zzz: unknown key; known here: seed, seeds, model"),
        ("1: 3", "1: unknown key"),
        ("pairing.pairs: 5", "pairing.pairs: unknown key; keys are nested: write pairing: {pairs: 5}"),
        ("model.sampling.top_k: 5", "keys are nested: write model: {sampling: {top_k: 5}}"),
        ("critic: {judge.name: x}", 'keys are nested: write critic: {judge: {name: "x"}}'),
        ("pairing.pair: 5", "pairing.pair: unknown key; did you mean pairing.pairs?"),
        ('seeds: {path: "a\\ud800"}', 'seeds.path: given "a\\ud800", expected a text of whole characters'),
        ('critic: {guards: ["\\udc80"]}', "critic.guards: given"),
        ('model: {"\\ud800": 3}', "model.\\ud800: given"),
        ("expansion: {min_words: 9, max_words: 8}", "expansion: min_words must not be greater than max_words"),
        ("expansion: {min_words: 26}", "expansion: min_words must not be greater than max_words"),
        ("budget: {max_cost: 5}", "budget: max_cost limits nothing while both prices are 0; set prompt_price or"),
        (
            "small_models: {perspective: {attributes: [TOXICITY, insult]}}",
            "expected a list of one or more texts that match ^[A-Z][A-Z_]*$",
        ),
        ('"a\\e[31m\\nb": 3', "a\\x1b[31m\\nb: unknown key"),
        ("seed: !!binary aGk=", "seed: given"),
    ],
)
def test_wrong_values(tmp_path: Path, text: str, said: str) -> None:
    message = refusal(tmp_path, text)
    assert said in message
    assert message.startswith(str(tmp_path / "run.yaml"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed: 1\npairing: {}\nseed: 2", "line 3: the key 'seed' already stands on line 1"),
        ("pairing:\n  pairs: 1\n  pairs: 2", "line 3: the key 'pairs'"),
        ("x: [", "line 1, column 5: not valid YAML"),
        ("seed: 1\n\t- x", "line 2"),
        ("[1, 2]", "holds no keys"),
        ("just text", "holds no keys"),
        ("? [1, 2]\n: 3", "not valid YAML"),
        ("a: &x [1]\nb: *x", "line 2: aliases are not read"),
        ("a: &x [*x]", "aliases are not read"),
        ("a: !!python/object:os.system x", "not valid YAML"),
        ("a: \x01", "not valid YAML"),
        ("a: " + "[" * 3000, "not valid YAML"),
        ("a: " + "{a: " * 20 + "1" + "}" * 20, "nested too deep"),
    ],
)
def test_wrong_yaml(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(tmp_path, text)


def test_three_problems_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    message = refusal(tmp_path, "a: 1\nb: 2\nc: 3\nd: 4\nseed: x\n")
    assert message.count("unknown key") == 2
    assert "seed: given" in message
    assert message.endswith("; and 2 more")


def test_a_flags_problem_does_not_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^seed: given -1"):
        load(tmp_path, "seed: 3", seed=-1)


def test_a_path_may_be_a_text(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("seed: 3", encoding="utf-8")
    assert load_config(str(tmp_path / "run.yaml")).seed == 3


def test_a_flag_that_is_no_utf_8_is_named() -> None:
    with pytest.raises(ConfigError, match=r'^seeds\.path: given "a\\udcff", expected a text of whole characters'):
        load_config(overrides={"seeds.path": "a\udcff"})


def test_a_limit_on_money_with_a_price_is_fine() -> None:
    for price in ("prompt_price", "completion_price"):
        assert load_config(overrides={"budget.max_cost": 5.0, f"budget.{price}": 1.0}).budget.max_cost == 5.0


def test_files_that_cant_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load_config(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="is a folder"):
        load_config(tmp_path)
    (tmp_path / "x.yaml").write_bytes(b"a: \xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(tmp_path / "x.yaml")


def test_unknown_preset() -> None:
    with pytest.raises(ConfigError, match='there is no preset "slow"; presets: quick, paper'):
        load_config(preset="slow")


@pytest.mark.parametrize("preset", list(PRESETS))
def test_presets_load(preset: str) -> None:
    assert load_config(preset=preset) != Config()


def test_the_paper_preset_has_the_papers_values() -> None:
    config = load_config(preset="paper")
    assert (config.model.sampling.temperature, config.model.sampling.top_k) == (0.7, 40)
    assert config.expansion.cluster_distance == 0.65
    assert config.pairing.min_commonalities == 3
    assert config.pairing.fallback is None
    assert config.generator.mode == "whole"
    assert config.generator.utterances == (12, 14)
    assert config.profiles.source == "built"


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_a_config_or_one_line(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(text.encode("utf-8"))
    message = ""
    try:
        load_config(file)
    except ConfigError as error:
        message = str(error)
    assert "\n" not in message
    assert not re.search(r"[\x00-\x08\x1b\x7f]", message)
