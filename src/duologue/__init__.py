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
    from duologue.conversations.pool import Pool
    from duologue.errors import DuologueError
    from duologue.models.embedder import load_embedder
    from duologue.models.nli import load_nli
    from duologue.models.toxicity import load_toxicity
    from duologue.pairing.match import pair_users
    from duologue.pipeline import Roles, make_loop
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
    from duologue.seeds import Seeds, read_seeds
    from duologue.store.in_memory import InMemoryLedger
    from duologue.store.reading import RunReader
    from duologue.users.expansion import Expansion, categorise, expand
    from duologue.users.profiles import build_profiles, given_profiles

__version__ = "0.1.0"

_HOME = {
    "run": "api",
    "run_async": "api",
    "RunResult": "api",
    "load_config": "config.load",
    "Config": "config.sections",
    "DuologueError": "errors",
    "RunReader": "store.reading",
    "InMemoryLedger": "store.in_memory",
    "Seeds": "seeds",
    "read_seeds": "seeds",
    "Expansion": "users.expansion",
    "categorise": "users.expansion",
    "expand": "users.expansion",
    "build_profiles": "users.profiles",
    "given_profiles": "users.profiles",
    "pair_users": "pairing.match",
    "Pool": "conversations.pool",
    "Roles": "pipeline",
    "make_loop": "pipeline",
    "load_embedder": "models.embedder",
    "load_nli": "models.nli",
    "load_toxicity": "models.toxicity",
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
    "Expansion",
    "InMemoryLedger",
    "Outcome",
    "Pair",
    "Pool",
    "Profile",
    "Roles",
    "RunReader",
    "RunResult",
    "Seeds",
    "Verdict",
    "__version__",
    "build_profiles",
    "categorise",
    "expand",
    "given_profiles",
    "load_config",
    "load_embedder",
    "load_nli",
    "load_toxicity",
    "make_loop",
    "pair_users",
    "read_seeds",
    "run",
    "run_async",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'duologue' has no attribute {name!r}")
    return getattr(importlib.import_module(f"duologue.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
