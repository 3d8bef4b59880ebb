"""What a model is best used with: settings of the registry that fill what the user left open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from duologue.config.sections import Config, Section
from duologue.models.registry import find

S = TypeVar("S", bound=Section)


def with_model_settings(config: Config) -> Config:
    """Return ``config`` with the embedded model's own settings where neither file, flag nor preset gave a value.

    A model's settings map a section (or a ``sampling`` in it) to fields. Raises UsageError for an unknown model.
    """
    if config.model.backend != "embedded" or config.model.name.endswith(".gguf"):
        return config
    settings = find(config.model.name).settings
    generator = config.generator
    if generator.sampling is None and "sampling" in settings.get("generator", {}):
        # What the user set for every request holds for conversations too.
        generator = generator.model_copy(update={"sampling": config.model.sampling})
        config = config.model_copy(update={"generator": generator})
    return _filled(config, settings)


def _filled(section: S, settings: Mapping[str, Any]) -> S:
    update: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            update[name] = _filled(getattr(section, name), value)
        elif name not in section.model_fields_set:
            update[name] = value
    return section.model_copy(update=update)
