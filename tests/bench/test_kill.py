"""The small version of bench/kill.py: a killed run loses nothing and pays for little twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[2] / "bench" / "kill.py"


def test_a_run_killed_at_random_moments_ends_in_the_same_bytes(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, str(BENCH), "--conversations", "40", "--kills", "3", "--concurrency", "8"]
    done = subprocess.run([*command, "--json", str(figures)], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
    found = json.loads(figures.read_text())
    assert found["same_bytes"] is True
    assert found["kills"] == 3
    assert found["paid_twice"] <= 3 * 8
    assert found["conversations"] > 30
