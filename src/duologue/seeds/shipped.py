"""The seeds that come with duologue, dedicated to the public domain."""

from __future__ import annotations

from importlib import resources

NAME = "shipped"


def shipped_text() -> str:
    """Return the shipped seeds as JSON lines, one ``{"persona": [...]}`` a profile."""
    return resources.files("duologue").joinpath("data", "seeds.jsonl").read_text(encoding="utf-8")
