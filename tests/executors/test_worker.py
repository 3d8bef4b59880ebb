"""What of the configuration is a worker's own."""

from __future__ import annotations

from pathlib import Path

from tests.executors.conftest import configure

from duologue.executors.ray.worker import _for_worker

ENDPOINT = {"model__backend": "endpoint", "model__base_url": "http://driver/v1", "model__name": "m"}


def test_endpoints_are_given_in_turn(tmp_path: Path) -> None:
    config = configure(tmp_path, kind="ray", endpoints=["http://gpu-1/v1", "http://gpu-2/v1"], **ENDPOINT)
    assert [_for_worker(config, number).model.base_url for number in range(3)] == [
        "http://gpu-1/v1", "http://gpu-2/v1", "http://gpu-1/v1"
    ]  # fmt: skip


def test_without_endpoints_all_ask_the_configuration_s(tmp_path: Path) -> None:
    assert _for_worker(configure(tmp_path, kind="ray", **ENDPOINT), 5).model.base_url == "http://driver/v1"


def test_threads_are_a_worker_s_cpus_unless_they_are_given(tmp_path: Path) -> None:
    config = configure(tmp_path, kind="ray", cpus=2.5, model__threads=None)
    assert _for_worker(config, 0).model.threads == 2
    assert _for_worker(configure(tmp_path, kind="ray", cpus=0.5), 0).model.threads == 1
    assert _for_worker(configure(tmp_path, kind="ray", cpus=4, model__threads=3), 0).model.threads == 3


def test_the_judge_s_endpoint_is_everybody_s(tmp_path: Path) -> None:
    judge = {"backend": "endpoint", "base_url": "http://judge/v1", "name": "j"}
    config = configure(tmp_path, kind="ray", cpus=3, endpoints=["http://gpu-1/v1"], critic__judge=judge, **ENDPOINT)
    found = _for_worker(config, 0)
    assert found.model.base_url == "http://gpu-1/v1"
    assert found.critic.judge is not None
    assert (found.critic.judge.base_url, found.critic.judge.threads) == ("http://judge/v1", 3)
