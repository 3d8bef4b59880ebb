"""How the model that is trained will be asked: the settings that shape the Generator's prompts differ between models."""

from __future__ import annotations

from dataclasses import dataclass

from duologue.config.sections import Config, GeneratorConfig, ModelConfig
from duologue.errors import UsageError
from duologue.models.registry import find


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the section ``generator`` shapes prompts."""

    plan: bool
    examples: int

    def __str__(self) -> str:
        return f"generator.plan {str(self.plan).lower()}, generator.examples {self.examples}"


def asked_in(config: Config) -> Asked:
    """As ``config`` has it."""
    return Asked(config.generator.plan, config.generator.examples)


def usual(model: str) -> Asked:
    """How a run asks ``model`` when nobody sets it: the model's own settings over the defaults.

    ``model`` is a registered name, else a file, a folder or a hub id, which have no settings of their own; so does one
    behind an endpoint, for which the empty name stands.
    """
    defaults = GeneratorConfig()
    try:
        own = find(model).settings.get("generator", {})
    except UsageError:
        own = {}
    return Asked(bool(own.get("plan", defaults.plan)), int(own.get("examples", defaults.examples)))


def same_model(model: ModelConfig, base: str) -> bool:
    """Whether ``base`` is what a run was written with."""
    return model.backend == "embedded" and _known(model.name) == _known(base)


def asked_of(config: Config, base: str | None) -> Asked:
    """How ``base`` will be asked by those who use it as the run of ``config`` was made; None is the run's own model.

    What the run has as is usual for its own model becomes what is usual for ``base``; what was set otherwise stays.
    """
    run = asked_in(config)
    if base is None or same_model(config.model, base):
        return run
    before = usual(config.model.name) if config.model.backend == "embedded" else usual("")
    wanted = usual(base)
    return Asked(
        wanted.plan if run.plan == before.plan else run.plan,
        wanted.examples if run.examples == before.examples else run.examples,
    )


def _known(name: str) -> str:
    try:
        return find(name).name
    except UsageError:
        return name
