"""How the model that is trained will be asked."""

from __future__ import annotations

import pytest

from duologue.config.sections import Config, GeneratorConfig, ModelConfig
from duologue.training.asked import Asked, asked_of, same_model, usual

PLAIN = Asked(GeneratorConfig().plan, GeneratorConfig().examples)


def config(model: str, backend: str = "embedded", asked: Asked | None = None) -> Config:
    generator = {} if asked is None else {"plan": asked.plan, "examples": asked.examples}
    return Config.model_validate({"model": {"backend": backend, "name": model}, "generator": generator})


def test_a_registered_model_has_settings_of_its_own_and_files_have_none() -> None:
    assert usual("duologue-135m") == usual("default") == Asked(True, 0)
    assert usual("smollm2-135m") == usual("my.gguf") == usual("org/model") == usual("") == PLAIN


@pytest.mark.parametrize(
    ("run", "base", "wanted"),
    [
        (config("gpt", "endpoint"), "duologue-135m", Asked(True, 0)),
        (config("scripted", "scripted"), "duologue-135m", Asked(True, 0)),
        (config("duologue-135m", asked=Asked(True, 0)), "smollm2-135m", PLAIN),
        (config("default", asked=Asked(True, 0)), "org/model", PLAIN),
        # What was set otherwise is meant.
        (config("gpt", "endpoint", Asked(False, 5)), "duologue-135m", Asked(True, 5)),
        (config("default", asked=Asked(False, 3)), "duologue-135m", Asked(False, 3)),
        (config("default", asked=Asked(False, 3)), None, Asked(False, 3)),
    ],
)
def test_what_is_usual_for_the_runs_model_becomes_what_is_usual_for_the_base(
    run: Config, base: str | None, wanted: Asked
) -> None:
    assert asked_of(run, base) == wanted


def test_a_name_of_an_endpoint_is_no_embedded_model() -> None:
    assert same_model(ModelConfig(name="default"), "duologue-135m")
    assert not same_model(ModelConfig(backend="endpoint", name="duologue-135m"), "duologue-135m")
