"""Whole runs on a Ray cluster of three nodes on this machine, beside the local executor. One cluster serves all tests."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.executors import conftest
from tests.executors.conftest import Booked, charged, configure, exported, paid_twice

from duologue.api import run
from duologue.config.sections import ExecutorConfig
from duologue.errors import ConfigError, RunStopped, UsageError
from duologue.executors.ray import executor
from duologue.executors.ray.models import RayEmbedder, RayNli, Shared
from duologue.executors.ray.session import RaySession
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli
from duologue.store.reading import RunReader

ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'duologue[ray]'")
pytest.importorskip("ray.data", reason="ray[data] is not installed: pip install 'duologue[ray]'")
pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]

MEMORY = 80 * 2**20
DRIVER = """
import sys
from pathlib import Path
from duologue.api import run
from duologue.config.sections import Config
from tests.executors.conftest import Booked
run(Config.model_validate_json(sys.argv[1]), sys.argv[2], backend=Booked(Path(sys.argv[3]), delay=0.05))
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without CPUs of its own, where the driver is, and two nodes of two."""
    from ray.cluster_utils import Cluster

    ray.cloudpickle.register_pickle_by_value(conftest)
    made = Cluster()
    # On a very busy machine Ray's parts do not wait long enough for each other, so each node has a second chance.
    for cpus in (0, 2, 2):
        try:
            made.second = made.add_node(num_cpus=cpus, object_store_memory=MEMORY)
        except Exception:
            made.second = made.add_node(num_cpus=cpus, object_store_memory=MEMORY)
    made.wait_for_nodes()
    ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.mark.parametrize(("workers", "shards"), [(1, 1), (2, 3), (4, 6)])
def test_the_data_set_is_that_of_one_process(
    cluster: Any, tmp_path: Path, local: bytes, workers: int, shards: int
) -> None:
    result = run(configure(tmp_path, kind="ray", workers=workers, shards=shards), tmp_path / "run")
    assert exported(tmp_path / "run") == local
    with RunReader(tmp_path / "run") as reader:
        logged = sum(total.calls for total in reader.call_totals())
        tokens = sum(total.prompt_tokens for total in reader.call_totals())
        tokens += sum(failed["prompt_tokens"] for failed in reader.failed_calls())
        assert all(reader.calls())
    # Two workers may ask the same at the same time; the log holds it once, and what it cost twice.
    assert 0 < logged <= result.usage.calls
    assert tokens == result.usage.prompt_tokens


def test_a_killed_worker_is_replaced_and_loses_nothing(cluster: Any, tmp_path: Path, local: bytes) -> None:
    book = tmp_path / "book"
    run(
        configure(tmp_path, kind="ray", workers=2, shards=2),
        tmp_path / "run",
        backend=Booked(book, delay=0.01, kill_at=9),
    )
    assert book.with_suffix(".killed").exists()
    assert exported(tmp_path / "run") == local
    assert paid_twice(book) <= 4


def test_a_killed_driver_goes_on_with_the_same_command(cluster: Any, tmp_path: Path, local: bytes) -> None:
    book, folder = tmp_path / "book", tmp_path / "run"
    config = configure(tmp_path, kind="ray", workers=2, shards=3, address=cluster.address)
    root = Path(conftest.__file__).parents[2]
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, config.model_dump_json(), str(folder), str(book)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _wait(lambda: len(charged(book)) >= 25 or driver.poll() is not None)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    assert len(charged(book)) >= 25, "the driver failed before it could be killed"
    with RunReader(folder) as reader:
        assert reader.revision().state == "running"
    before = len({key for key, _ in charged(book)})
    run(config, folder, backend=Booked(book))
    assert exported(folder) == local
    assert len(charged(book)) > before
    assert paid_twice(book) <= 2 * 4


def test_what_one_executor_paid_for_the_other_finds(cluster: Any, tmp_path: Path, local: bytes) -> None:
    book, folder = tmp_path / "book", tmp_path / "run"
    with pytest.raises(RunStopped, match="token budget"):
        run(configure(tmp_path, budget__max_tokens=12_000), folder, backend=Booked(book))
    with pytest.raises(RunStopped, match="token budget"):
        run(configure(tmp_path, kind="ray", workers=2, budget__max_tokens=24_000), folder, backend=Booked(book))
    with RunReader(folder) as reader:
        assert 24_000 <= sum(t.prompt_tokens + t.completion_tokens for t in reader.call_totals()) < 33_000
    run(configure(tmp_path, kind="ray", workers=2), folder, backend=Booked(book))
    assert exported(folder) == local
    assert paid_twice(book) == 0


def test_the_data_set_lies_in_shards_at_the_storage(cluster: Any, tmp_path: Path) -> None:
    pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'duologue[ray]'")
    from duologue.export.sharded import read_manifest

    run(
        configure(tmp_path, kind="ray", workers=1, storage=str(tmp_path / "store"), loop__iterations=1),
        tmp_path / "run",
    )
    manifest = read_manifest(str(tmp_path / "store"))
    assert manifest is not None
    assert manifest.rows == 6


def test_large_requests_to_small_models_are_shared_out(cluster: Any) -> None:
    session = RaySession(configure_executor())
    texts = [f"I keep {n % 437} owls." for n in range(900)]
    embedder, nli = ScriptedEmbedder(), ScriptedNli()
    shared = Shared(session, "scripted", "scripted", bulk=10)
    try:
        assert (RayEmbedder(embedder, shared, go_on).embed(texts) == embedder.embed(texts)).all()
        pairs = list(zip(texts, reversed(texts), strict=True))
        assert (RayNli(nli, shared, go_on).predict(pairs) == nli.predict(pairs)).all()
        assert not shared._failed
        assert not shared._waited
    finally:
        session.release()


def test_a_judge_of_its_own_judges_on_workers(cluster: Any, tmp_path: Path) -> None:
    judged = {"critic__judge": {"backend": "scripted", "name": "judge"}, "loop__iterations": 1}
    judged["critic__filters"] = ["faithfulness-llm"]
    here = run(configure(tmp_path, **judged), tmp_path / "here")
    there = run(configure(tmp_path, kind="ray", workers=2, shards=2, **judged), tmp_path / "there")
    assert exported(tmp_path / "there") == exported(tmp_path / "here")
    asked = []
    for folder in (tmp_path / "here", tmp_path / "there"):
        with RunReader(folder) as reader:
            asked.append({total.purpose: total.calls for total in reader.call_totals()})
    assert asked[0] == asked[1]
    assert asked[0]["judge.faithfulness"] > 0
    assert there.usage.calls >= here.usage.calls == sum(asked[0].values())


def test_each_worker_asks_its_own_server(cluster: Any, tmp_path: Path) -> None:
    servers = [Server(), Server()]
    addresses = [server.address for server in servers]
    try:
        with contextlib.suppress(RunStopped):
            run(
                configure(
                    tmp_path,
                    kind="ray",
                    workers=2,
                    shards=4,
                    endpoints=addresses,
                    loop__iterations=1,
                    model__backend="endpoint",
                    model__name="m",
                    model__base_url=addresses[0],
                ),
                tmp_path / "run",
            )
    finally:
        for server in servers:
            server.close()
    assert all(server.calls > 0 for server in servers)


def test_a_node_killed_under_the_small_models_is_done_without(cluster: Any) -> None:
    """Of six actors there is room for five, and one is lost with its node: the others do all of it."""
    node = cluster.add_node(num_cpus=1, object_store_memory=MEMORY)
    session = RaySession(configure_executor(workers=6))
    shared = Shared(session, "scripted", "scripted", bulk=10)
    texts = [f"I keep {n} owls." for n in range(20_000)]
    embedder = ScriptedEmbedder()
    expected = embedder.embed(texts)
    killed = threading.Timer(1.0, lambda: cluster.remove_node(node, allow_graceful=False))
    killed.start()
    try:
        for _ in range(3):
            assert (RayEmbedder(embedder, shared, go_on).embed(texts) == expected).all()
        assert not shared._failed
        assert not shared._waited
    finally:
        killed.join()
        session.release()


def test_a_killed_node_is_done_without(
    cluster: Any, tmp_path: Path, local: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other node has no room for the workers that are lost, so their shards must go to those that are left."""
    monkeypatch.setattr(executor, "SILENCE", 10.0)
    book = tmp_path / "book"
    doomed = cluster.second
    killed = threading.Event()

    def kill() -> None:
        _wait(lambda: sum(node == doomed.node_id for _, node in charged(book)) >= 8)
        cluster.remove_node(doomed, allow_graceful=False)
        killed.set()

    threading.Thread(target=kill, daemon=True).start()
    backend = Booked(book, delay=0.05, place=True)
    run(configure(tmp_path, kind="ray", workers=4, shards=4), tmp_path / "run", backend=backend)
    assert killed.is_set()
    assert "handed out anew" in (tmp_path / "run" / "run.log").read_text(encoding="utf-8")
    assert exported(tmp_path / "run") == local
    assert paid_twice(book) <= 2 * 4


def test_what_ray_cannot_do_is_said_before_it_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ray://"):
        run(configure(tmp_path, kind="ray", address="ray://head:10001"), tmp_path / "run")
    with pytest.raises(UsageError, match="loop"):
        run(configure(tmp_path, kind="ray", loop__method="finetune", pairing__pairs=400), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_gpu_that_is_not_there_is_refused() -> None:
    """A Ray of its own never grows. In a process of its own, for the cluster of the other tests is this one's."""
    code = (
        "from duologue.config.sections import ExecutorConfig\n"
        "from duologue.executors.ray.session import RaySession\n"
        "RaySession(ExecutorConfig(kind='ray', gpus=8)).__enter__()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ConfigError: executor.gpus: a worker needs 1 CPU(s) and 8 GPU(s) of one node" in ended.stderr


class Server:
    """An endpoint whose every answer is one sentence."""

    def __init__(self) -> None:
        self.calls = 0
        served = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                served.calls += 1
                self.rfile.read(int(self.headers["content-length"]))
                choice = {"message": {"role": "assistant", "content": "I like owls."}, "finish_reason": "stop"}
                body = json.dumps({"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Nothing is said."""

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def go_on() -> None:
    """The run is not to stop."""


def configure_executor(workers: int = 2) -> ExecutorConfig:
    return ExecutorConfig(kind="ray", workers=workers)


def _wait(for_: Any, seconds: float = 300.0) -> None:
    until = time.monotonic() + seconds
    while not for_():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.02)
