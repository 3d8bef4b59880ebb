"""What a run asks of a model that its shipped adapter was never trained for."""

from __future__ import annotations

import json
from importlib import resources

from duologue.config.model_settings import with_model_settings
from duologue.config.sections import Config, ModelConfig
from duologue.conversations.critic.registry import asking
from duologue.models.registry import find


def not_learnt(config: Config) -> tuple[str, ...]:
    """One line for each thing that ``config`` asks of a model whose shipped adapter does not know it; mostly none.

    Models without a shipped adapter and those with one of the user's own are not spoken of. Raises UsageError for an
    unknown model.
    """
    config = with_model_settings(config)
    found: list[str] = []
    tasks = _tasks(config.model)
    prompt = _prompt(config)
    if tasks is not None and prompt is not None and prompt not in tasks:
        found.append(
            f"{find(config.model.name).name} was not trained to write conversations this way (generator.mode {config.generator.mode}, "
            f"prompt {prompt}), so most candidates may be refused; use mode turns as it comes, or another model"
        )
    judge = config.critic.judge or config.model
    named = asking(config.critic)
    if named and _tasks(judge) is not None:
        found.append(
            f"{find(judge.name).name} was not trained to judge ({', '.join(named)}), so its answers say little; leave them out, or "
            "name another model in critic.judge"
        )
    return tuple(found)


def _prompt(config: Config) -> str | None:
    """The prompt that a conversation is written with; None for a third party's Generator."""
    planned = "generator_turn_planned" if config.generator.plan else "generator_turn"
    return {"whole": "generator_whole", "turns": planned}.get(config.generator.mode)


def _tasks(model: ModelConfig) -> frozenset[str] | None:
    """Names of the prompts that the model's shipped adapter was trained on; None where no such adapter is in use."""
    if model.backend != "embedded" or model.name.endswith(".gguf") or model.adapter is not None:
        return None
    folder = find(model.name).adapter
    if folder is None:
        return None
    meta = resources.files("duologue") / "weights" / folder / "meta.json"
    return frozenset(json.loads(meta.read_text(encoding="utf-8"))["tasks"])
