"""How many workers nodes have room for."""

from __future__ import annotations

from typing import Any

import pytest

from duologue.config.sections import ExecutorConfig
from duologue.executors.ray.room import lacking, places


def node(cpus: float, gpus: float = 0.0, alive: bool = True) -> dict[str, Any]:
    return {"Alive": alive, "Resources": {"CPU": cpus, **({"GPU": gpus} if gpus else {}), "memory": 1e9}}


@pytest.mark.parametrize(
    ("nodes", "cpus", "gpus", "expected"),
    [
        ([node(3), node(3)], 2.0, 0.0, 2),
        ([node(8), node(4), node(4, alive=False)], 4.0, 0.0, 3),
        ([node(16), node(4, 2)], 1.0, 1.0, 2),
        ([node(16), node(1, 8)], 2.0, 1.0, 0),
        ([node(0.3)], 0.1, 0.0, 3),
        ([{"Alive": True, "Resources": {}}, node(2)], 1.0, 0.0, 2),
    ],
)
def test_a_worker_lies_on_one_node(nodes: list[dict[str, Any]], cpus: float, gpus: float, expected: int) -> None:
    assert places(nodes, ExecutorConfig(kind="ray", cpus=cpus, gpus=gpus)) == expected


def test_what_is_lacking_is_said() -> None:
    said = lacking([node(16), node(4, 2)], ExecutorConfig(kind="ray", cpus=8, gpus=1))
    assert said == "a worker needs 8 CPU(s) and 1 GPU(s) of one node, and no node has more than 16 CPUs and 2 GPUs"
    assert "more than 0 CPUs" in lacking([node(16, alive=False)], ExecutorConfig(kind="ray"))
