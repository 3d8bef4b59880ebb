"""Generators by mode; third parties add modes through the entry point group ``duologue.generators``."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Literal

from duologue.conversations.generator.protocol import Generator, GeneratorContext, Task
from duologue.conversations.generator.turns import TurnsGenerator
from duologue.conversations.generator.whole import WholeGenerator
from duologue.errors import ConfigError, DuologueError, ItemFailed, in_one_line
from duologue.records import Candidate

GROUP = "duologue.generators"


def make_generator(mode: str, context: GeneratorContext) -> Generator:
    """Return the Generator of a mode. A plug-in is called with the context.

    Raises ConfigError when no Generator has that name or a plug-in can't be loaded.
    """
    if mode == "whole":
        return WholeGenerator(context)
    if mode == "turns":
        return TurnsGenerator(context)
    plugins = {entry.name: entry for entry in entry_points(group=GROUP)}
    if mode not in plugins:
        known = ", ".join(["whole", "turns", *sorted(plugins)])
        raise ConfigError(f"generator.mode: no Generator is named {mode!r}; there are {known}")
    try:
        return _Plugged(mode, plugins[mode].load()(context))
    except DuologueError:
        raise
    except Exception as error:
        raise ConfigError(
            f"generator.mode: the plug-in {mode!r} ({plugins[mode].value}) can't be loaded: {in_one_line(error)}; mend it or "
            "choose another mode"
        ) from error


class _Plugged:
    """A third party's Generator, whose own mistakes fail the candidate, not the run."""

    def __init__(self, name: str, generator: Generator) -> None:
        self._name = name
        self._generator = generator

    @property
    def mode(self) -> Literal["whole", "turns"]:
        return self._generator.mode

    async def generate(self, task: Task) -> Candidate:
        """See the Protocol."""
        try:
            return await self._generator.generate(task)
        except DuologueError:
            raise
        except Exception as error:
            raise ItemFailed(f"the plug-in {self._name!r} failed: {in_one_line(error)}") from error
