"""Generators by mode; third parties add modes through the entry point group ``duologue.generators``."""

from __future__ import annotations

from importlib.metadata import entry_points

from duologue.conversations.generator.protocol import Generator, GeneratorContext
from duologue.conversations.generator.turns import TurnsGenerator
from duologue.conversations.generator.whole import WholeGenerator
from duologue.errors import ConfigError

GROUP = "duologue.generators"


def make_generator(mode: str, context: GeneratorContext) -> Generator:
    """Return the Generator of a mode. A plug-in is called with the context.

    Raises ConfigError when no Generator has that name.
    """
    if mode == "whole":
        return WholeGenerator(context)
    if mode == "turns":
        return TurnsGenerator(context)
    plugins = {entry.name: entry for entry in entry_points(group=GROUP)}
    if mode not in plugins:
        known = ", ".join(["whole", "turns", *sorted(plugins)])
        raise ConfigError(f"generator.mode: no Generator is named {mode!r}; there are {known}")
    made: Generator = plugins[mode].load()(context)
    return made
