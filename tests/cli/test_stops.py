"""Runs that end before they are done: budget, interrupt, full disk, a second process, a refusing server."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from duologue.errors import StoreError
from duologue.store.reading import RunReader

HERE = Path(__file__).parent
SEEDS = HERE / "seeds.txt"
KEY = "sk-planted-0123456789abcdef"


def run(out: Path, *more: str | Path, pairs: int = 4) -> list[str]:
    command = ["run", "--preset", "quick", "--model", "scripted", "--seeds", SEEDS, "--pairs", str(pairs), "--out", out]
    return [str(part) for part in (*command, *more)]


def duologue(*arguments: str | Path, file_size: int | None = None) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        assert file_size is not None
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

    return subprocess.run(
        [sys.executable, "-m", "duologue", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=limit if file_size else None,
    )


def slow(delay: float, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(HERE / "slow.py"), str(delay), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_conversations(out: Path, process: subprocess.Popen[str], least: int) -> None:
    while process.poll() is None:
        try:
            with RunReader(out) as reader:
                if reader.progress()[0] >= least:
                    return
        except StoreError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"ended early: {process.communicate()}")


def one_line(stderr: str) -> str:
    (line,) = [line for line in stderr.splitlines() if line.strip()]
    assert line.startswith("duologue: ")
    return line


def exported(out: Path, to: Path) -> bytes:
    done = duologue("export", out, "--to", to)
    assert done.returncode == 0, done.stderr
    return to.read_bytes()


def test_a_spent_budget_ends_in_order_and_the_run_goes_on(tmp_path: Path) -> None:
    out, whole = tmp_path / "run", tmp_path / "whole"
    assert duologue(*run(whole, "--iterations", "3")).returncode == 0
    with RunReader(whole) as reader:
        tokens = sum(t.prompt_tokens + t.completion_tokens for t in reader.call_totals())
    done = duologue(*run(out, "--max-tokens", str(int(tokens * 0.6)), "--iterations", "3"))
    assert done.returncode == 1
    said = one_line(done.stderr)
    assert "budget" in said
    assert "run again to go on" in said
    with RunReader(out) as reader:
        finished, pairs = reader.progress()
        assert reader.revision().state == "stopped"
    assert f"{finished} of {pairs} pairs" in said
    assert len(exported(out, tmp_path / "part.jsonl").splitlines()) == finished == 4
    stats = json.loads(duologue("stats", out, "--json").stdout)
    assert stats["state"] == "stopped"
    assert "budget" in stats["note"]
    assert stats["pairs"] == {"made": pairs, "left": pairs - finished}
    assert sum(e["failed"] for e in stats["stages"]) == 0
    assert duologue("show", out).returncode == 0
    assert duologue(*run(out, "--iterations", "3")).returncode == 0
    assert exported(out, tmp_path / "a.jsonl") == exported(whole, tmp_path / "b.jsonl")


def test_an_interrupt_keeps_what_is_finished(tmp_path: Path) -> None:
    out = tmp_path / "run"
    config = tmp_path / "narrow.yaml"
    # Three at a time: some pairs are done while others have not begun.
    config.write_text("engine: {concurrency: 3}\n")
    command = run(out, "--candidates", "3", "--iterations", "1", pairs=6)
    command.insert(1, str(config))
    process = slow(0.03, *command)
    wait_for_conversations(out, process, 1)
    process.send_signal(signal.SIGSTOP)
    second = duologue(*command)
    process.send_signal(signal.SIGCONT)
    assert second.returncode == 1
    assert "in use by process" in one_line(second.stderr)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    said = one_line(stderr)
    assert "SIGINT" in said
    assert "goes on" in said
    with RunReader(out) as reader:
        finished, pairs = reader.progress()
    assert f"{finished} of {pairs} pairs" in said
    assert len(exported(out, tmp_path / "part.jsonl").splitlines()) == finished
    assert f"{pairs - finished} of {pairs} pairs have none yet" in " ".join(duologue("stats", out).stdout.split())
    assert duologue(*command).returncode == 0
    assert len(exported(out, tmp_path / "all.jsonl").splitlines()) == 6


def test_a_killed_run_can_be_looked_at(tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = slow(0.01, *run(out))
    wait_for_conversations(out, process, 2)
    process.kill()
    process.communicate()
    assert len(exported(out, tmp_path / "part.jsonl").splitlines()) >= 2
    assert json.loads(duologue("stats", out, "--json").stdout)["state"] == "running"


def test_a_full_disk_is_one_line_and_the_log_opens(tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = duologue(*run(out), file_size=300_000)
    assert done.returncode == 1
    said = one_line(done.stderr)
    assert "can't be written" in said
    assert "run the same command again" in said
    with RunReader(out) as reader:
        before = sum(t.calls for t in reader.call_totals())
    assert before > 0
    assert duologue(*run(out)).returncode == 0
    assert duologue(*run(tmp_path / "whole")).returncode == 0
    assert exported(out, tmp_path / "a.jsonl") == exported(tmp_path / "whole", tmp_path / "b.jsonl")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 700 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("file systems can't be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_really_full_is_one_line_and_the_run_goes_on_when_there_is_room(small_disk: Path) -> None:
    out = small_disk / "run"
    done = duologue(*run(out))
    assert done.returncode == 1
    assert "disk is full" in one_line(done.stderr)
    with RunReader(out) as reader:
        assert sum(t.calls for t in reader.call_totals()) > 0
    subprocess.run(["mount", "-o", "remount,size=50m", str(small_disk)], check=True)
    assert duologue(*run(out)).returncode == 0
    with RunReader(out) as reader:
        assert reader.progress() == (4, 4)


class _Echo(BaseHTTPRequestHandler):
    """Says the key back wherever it can, and in the end refuses it."""

    count = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        said = self.headers.get("Authorization", "")
        type(self).count += 1
        status = 200 if self.count < 20 else 401
        if self.count % 4 == 0:
            status = (500, 400, 429)[self.count // 4 % 3]
        message = {"role": "assistant", "content": f"What do you think of {said}?"}
        answer = {"choices": [{"message": message, "finish_reason": "stop"}]}
        body = json.dumps(answer if status == 200 else {"error": {"message": f"no: {said}", "code": said}}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def echo() -> Iterator[str]:
    _Echo.count = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_planted_key_is_found_nowhere(tmp_path: Path, echo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUOLOGUE_TEST_KEY", KEY)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    config = tmp_path / "c.yaml"
    config.write_text(
        f"model: {{backend: endpoint, name: m, base_url: '{echo}', key_env: DUOLOGUE_TEST_KEY}}\n"
        "small_models: {embedder: scripted, nli: scripted, toxicity: scripted}\n"
        "engine: {concurrency: 1}\n"
    )
    out = tmp_path / "run"
    done = duologue("run", config, "--preset", "quick", "--seeds", SEEDS, "--pairs", "2", "--out", out)
    assert _Echo.count >= 20
    assert "401" in one_line(done.stderr)
    told = [done.stdout, done.stderr, duologue("calls", out, "--json").stdout, duologue("stats", out).stdout]
    assert duologue("calls", out, "--export", tmp_path / "log.jsonl").returncode == 0
    written = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert {"run.sqlite", "config.yaml", "run.log", "log.jsonl"} <= {p.name for p in written}
    assert b"[key]" in (tmp_path / "log.jsonl").read_bytes()
    assert not [p for p in written if KEY.encode() in p.read_bytes()]
    assert not [text for text in told if KEY in text]
    assert os.environ["DUOLOGUE_TEST_KEY"] == KEY
