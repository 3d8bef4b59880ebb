"""What a run asks of a model that was never trained for it."""

from __future__ import annotations

import pytest

from duologue.config.load import load_config
from duologue.conversations.learnt import not_learnt


def said(preset: str | None = None, **values: object) -> tuple[str, ...]:
    given = {name.replace("__", "."): value for name, value in values.items()}
    return not_learnt(load_config(None, preset=preset, overrides=given))


def test_the_default_model_knows_turns_alone() -> None:
    assert said() == ()
    assert said("quick") == ()
    for found in (said("paper"), said(generator__mode="whole")):
        (line,) = found
        assert line.startswith("duologue-135m was not trained to write conversations this way (generator.mode whole")
    (line,) = said(generator__plan=False)
    assert "prompt generator_turn)" in line


@pytest.mark.parametrize(
    "other",
    [
        {"model__name": "smollm2-135m"},
        {"model__name": "mine.gguf"},
        {"model__adapter": "my-adapter"},
        {"model__backend": "scripted", "model__name": "scripted"},
        {"model__backend": "endpoint", "model__name": "m", "model__base_url": "http://127.0.0.1:1/v1"},
    ],
)
def test_of_other_models_nothing_is_known(other: dict[str, object]) -> None:
    assert said("paper", critic__filters=("faithfulness-llm",), **other) == ()


def test_the_default_model_is_no_judge() -> None:
    (line,) = said(critic__filters=("faithfulness-llm", "toxicity"), critic__quality=("depth-llm",))
    assert line.startswith("duologue-135m was not trained to judge (faithfulness-llm, depth-llm)")
    other = {"backend": "embedded", "name": "qwen2.5-coder-1.5b"}
    assert said(critic__filters=("faithfulness-llm",), critic__judge=other) == ()


def test_a_third_partys_generator_has_prompts_of_its_own() -> None:
    assert said(generator__mode="songs") == ()
