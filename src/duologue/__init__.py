"""duologue makes faithful persona-based conversational data sets.

Seed persona attributes go in; users, pairs and conversations follow; a data set comes out, with its evidence.

    import duologue

    config = duologue.load_config(preset="quick", overrides={"pairing.pairs": 6})
    result = duologue.run(config, "my-run")

Everything named here is loaded when first used, so that importing the package is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duologue.api import RunResult, run, run_async
    from duologue.config.load import load_config
    from duologue.config.sections import Config
    from duologue.errors import DuologueError
    from duologue.records import (
        Attribute,
        Candidate,
        Category,
        Comparison,
        Conversation,
        Evidence,
        Outcome,
        Pair,
        Profile,
        Verdict,
    )
    from duologue.store.reading import RunReader

__version__ = "0.1.0"

_HOME = {
    "run": "api",
    "run_async": "api",
    "RunResult": "api",
    "load_config": "config.load",
    "Config": "config.sections",
    "DuologueError": "errors",
    "RunReader": "store.reading",
    **dict.fromkeys(
        (
            "Attribute",
            "Candidate",
            "Category",
            "Comparison",
            "Conversation",
            "Evidence",
            "Outcome",
            "Pair",
            "Profile",
            "Verdict",
        ),
        "records",
    ),
}

__all__ = [
    "Attribute",
    "Candidate",
    "Category",
    "Comparison",
    "Config",
    "Conversation",
    "DuologueError",
    "Evidence",
    "Outcome",
    "Pair",
    "Profile",
    "RunReader",
    "RunResult",
    "Verdict",
    "__version__",
    "load_config",
    "run",
    "run_async",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'duologue' has no attribute {name!r}")
    return getattr(importlib.import_module(f"duologue.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
