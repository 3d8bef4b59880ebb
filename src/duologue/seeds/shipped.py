"""The seeds that come with duologue, dedicated to the public domain."""

from __future__ import annotations

from importlib import resources

from duologue.errors import SeedError

NAME = "shipped"
"""What a configuration calls the default ones; others are ``shipped:NAME``."""
PREFIX = f"{NAME}:"
SETS = {"everyday": "seeds_everyday.jsonl", "vivid": "seeds.jsonl"}
"""Plain short facts, which a small model can carry; and odd, detailed ones, which are better food for a large one."""
DEFAULT = "everyday"


def is_shipped(path: str | None) -> bool:
    """Whether ``seeds.path`` names seeds that come with duologue."""
    return path is None or path.startswith(PREFIX)


def shipped_text(path: str | None = None) -> str:
    """Return the shipped seeds that ``seeds.path`` names as JSON lines, one ``{"persona": [...]}`` a profile.

    ``path`` is None for the default ones, or ``shipped:NAME``. Raises SeedError for a name that is not there.
    """
    name = DEFAULT if path is None else path.removeprefix(PREFIX)
    if name not in SETS:
        raise SeedError(f"seeds.path: there are no shipped seeds {name!r}; there are {', '.join(SETS)}")
    return resources.files("duologue").joinpath("data", SETS[name]).read_text(encoding="utf-8")
