"""A training ends with its run."""

from __future__ import annotations

import os
import subprocess
import sys
import time

CHILD = "from duologue.training.orphan import end_with_parent; import time; end_with_parent(0.05); time.sleep(60)"
RUN = f"""
import os, subprocess, sys, time
env = {{**os.environ, "DUOLOGUE_PARENT": str(os.getpid())}}
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], env=env)
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_training_ends_when_its_run_is_killed() -> None:
    run = subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    child = int(run.stdout.readline())
    time.sleep(0.3)
    os.kill(child, 0)
    run.kill()
    # The pipe is the child's too, so it ends when both have.
    began = time.monotonic()
    assert run.stdout.read() == ""
    assert time.monotonic() - began < 30
    run.wait()
    run.stdout.close()
