from __future__ import annotations

from duologue.config.load import load_config
from duologue.config.model_settings import with_model_settings
from duologue.models.registry import DEFAULT_LLM, find


def test_what_was_left_open_comes_from_the_model() -> None:
    settings = find(DEFAULT_LLM).settings
    config = with_model_settings(load_config())
    assert config.model.sampling.min_p == settings["model"]["sampling"]["min_p"] > 0
    assert config.generator.examples == settings["generator"]["examples"]


def test_what_was_given_stays() -> None:
    given = {"generator.examples": 2, "model.sampling.temperature": 0.3, "model.sampling.min_p": 0.0}
    config = with_model_settings(load_config(overrides=given))
    assert config.generator.examples == 2
    assert config.model.sampling.temperature == 0.3
    assert config.model.sampling.min_p == 0.0
    assert config.model.sampling.repeat_penalty == find(DEFAULT_LLM).settings["model"]["sampling"]["repeat_penalty"]


def test_conversations_have_a_sampling_of_their_own() -> None:
    settings = find(DEFAULT_LLM).settings
    config = with_model_settings(load_config())
    assert config.generator.sampling is not None
    assert config.generator.sampling.temperature == settings["generator"]["sampling"]["temperature"]
    assert config.model.sampling.temperature == settings["model"]["sampling"]["temperature"]


def test_what_was_given_for_every_request_holds_for_conversations() -> None:
    config = with_model_settings(load_config(overrides={"model.sampling.temperature": 0.9}))
    assert config.generator.sampling is not None
    assert config.generator.sampling.temperature == 0.9
    given = {"model.sampling.temperature": 0.9, "generator.sampling": {"temperature": 0.5}}
    config = with_model_settings(load_config(overrides=given))
    assert config.generator.sampling is not None
    assert config.generator.sampling.temperature == 0.5
    assert config.generator.sampling.min_p == find(DEFAULT_LLM).settings["generator"]["sampling"]["min_p"]


def test_other_backends_and_files_are_left_alone() -> None:
    for overrides in ({"model.backend": "scripted"}, {"model.name": "mine.gguf"}, {"model.name": "qwen2.5-coder-1.5b"}):
        config = load_config(overrides=overrides)
        assert with_model_settings(config) == config
