"""One client on one case: a process of its own, the server's counts, an outcome whatever happens."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.engine import CLEAN, Mock
from bench.peers.clients import CASES, Client
from bench.peers.harness import PREFIX

ROOT = Path(__file__).resolve().parents[2]
QUIET = {
    "NO_PROXY": "*",
    "no_proxy": "*",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "TELEMETRY_ENABLED": "false",
    "NEMO_TELEMETRY_ENABLED": "false",
    "OPENAI_API_KEY": "none",
}


def environment(folder: Path) -> dict[str, str]:
    """No network, no telemetry, caches in the folder of this run."""
    places = {"HF_HOME": "hf", "DATA_DESIGNER_HOME": "designer", "CURATOR_CACHE_DIR": "curator", "TMPDIR": "tmp"}
    for place in places.values():
        (folder / place).mkdir()
    return {**os.environ, **QUIET, **{k: str(folder / v) for k, v in places.items()}}


def finish(process: subprocess.Popen[bytes], limit: float) -> tuple[int | None, Any]:
    """Exit code (None when the limit passed) and resources used by the process and the children it waited for."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, used
        time.sleep(0.05)
    return None, None


def sweep(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the client's own process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    if process.returncode is None:
        process.wait()


def last_words(log: Path, folder: Path) -> str:
    """The last line that says something, without the folder's name, at most 200 characters."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if any(map(str.isalpha, line))]
    found = lines[-1].replace(str(folder), "FOLDER").replace(str(ROOT), "REPOSITORY") if lines else "no message"
    return "".join(c if c.isprintable() else " " for c in found)[:200]


def measure(mock: Mock, client: Client, case: str, python: str, limit: float, keep: Path | None) -> dict[str, Any]:
    """Run it once.

    Returns ``status`` (ok, short, failed, hung) with a ``message`` when it isn't ok; calls a second at the server and
    for the whole call; CPU seconds per 1,000 calls; the largest process in MiB; seconds from start to the call.
    With ``keep`` the client's output goes to a file in that folder.
    """
    plan, items = CASES[case], client.items(case)
    folder = Path(tempfile.mkdtemp(prefix="peer"))
    log = folder / "log.txt"
    mock.get("/mode", {**CLEAN, "delay": plan.delay})
    mock.get("/reset", {})
    mode = client.modes.get(case, "")
    what = [mock.root, str(items), str(plan.turns), str(plan.concurrency), str(folder), mode]
    command = [python or sys.executable, "-m", f"bench.peers.{client.module}", *what]
    begun = time.time()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(folder), stdout=output, stderr=output, start_new_session=True
        )
        code, used = finish(process, limit)
        sweep(process)
    stats = mock.get("/stats")
    record: dict[str, Any] = {
        "case": case, "client": client.name, "calls": items * plan.turns, "served": stats["calls"],
        "peak": stats["peak"], "server_rate": stats["rate"], "status": "ok", "message": "",
    }  # fmt: skip
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith(PREFIX)]
    if code is None:
        words = last_words(log, folder)
        record |= {"status": "hung", "message": f"no end after {limit:g} s, {stats['calls']} calls served: {words}"}
    elif code or not lines:
        record |= {"status": "failed", "message": f"exit code {code}: {last_words(log, folder)}"}
    else:
        found = json.loads(lines[-1].removeprefix(PREFIX))
        cpu = used.ru_utime + used.ru_stime - found["cpu_before"]
        record |= {
            "answered": found["answered"], "seconds": found["seconds"], "rate": record["calls"] / found["seconds"],
            "cpu_per_1000": cpu / record["calls"] * 1000, "memory": used.ru_maxrss / 1024,
            "start": found["begun"] - begun, "version": found["version"], "python": found["python"],
        }  # fmt: skip
        if found["answered"] != record["calls"]:
            record |= {"status": "short", "message": f"{found['answered']} of {record['calls']} answers came back"}
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        shutil.copy(log, keep / f"{client.name.replace(' ', '_')}.{case}.txt")
    shutil.rmtree(folder, ignore_errors=True)
    return record
