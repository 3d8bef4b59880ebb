"""How many workers the nodes of a cluster have room for: a worker lies on one node, so CPUs and GPUs don't add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from duologue.config.sections import ExecutorConfig

Node = Mapping[str, Any]
"""As ``ray.nodes()`` has it: ``Alive`` and ``Resources``, whatever of them is in use."""

_LEAST = 1e-6
"""Shares of CPUs and GPUs are added up by Ray in steps of a ten-thousandth."""


def places(nodes: Iterable[Node], config: ExecutorConfig) -> int:
    """Workers that the nodes have room for, from 0."""
    return sum(_places(node["Resources"], config) for node in nodes if node["Alive"])


def lacking(nodes: Iterable[Node], config: ExecutorConfig) -> str:
    """What a worker needs and what there is, for a message."""
    need = f"{config.cpus:g} CPU(s)" + (f" and {config.gpus:g} GPU(s)" if config.gpus else "")
    there = [node["Resources"] for node in nodes if node["Alive"]]
    most = [f"{max((node.get(name, 0.0) for node in there), default=0.0):g} {name}s" for name in ("CPU", "GPU")]
    return f"a worker needs {need} of one node, and no node has more than {most[0]} and {most[1]}"


def _places(resources: Mapping[str, float], config: ExecutorConfig) -> int:
    most = resources.get("CPU", 0.0) / config.cpus
    if config.gpus:
        most = min(most, resources.get("GPU", 0.0) / config.gpus)
    return int(most + _LEAST)
