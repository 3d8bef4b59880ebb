"""Paths of the configuration as workers can find them: they run in folders of their own."""

from __future__ import annotations

from pathlib import Path

from duologue.config.sections import Config, ModelConfig


def absolute(config: Config) -> Config:
    """The configuration with absolute paths in ``small_models.nli``, ``name`` (a .gguf file) and ``adapter`` of the models.

    Files themselves do not travel: each node has them at the same place. Names of models stay.
    """
    critic, small = config.critic, config.small_models
    if critic.judge is not None:
        critic = critic.model_copy(update={"judge": _model(critic.judge)})
    if small.nli not in ("builtin", "scripted"):
        small = small.model_copy(update={"nli": _absolute(small.nli)})
    return config.model_copy(update={"model": _model(config.model), "critic": critic, "small_models": small})


def _model(model: ModelConfig) -> ModelConfig:
    if model.name.endswith(".gguf") and model.backend == "embedded":
        model = model.model_copy(update={"name": _absolute(model.name)})
    if model.adapter is not None:
        model = model.model_copy(update={"adapter": _absolute(model.adapter)})
    return model


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())
