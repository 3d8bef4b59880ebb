"""A training in a process of its own, with stand-ins for the training."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from duologue.backends.protocol import Message
from duologue.config.sections import TrainingConfig
from duologue.errors import ImpossibleRequest, ModelError
from duologue.training.apart import fit_apart
from duologue.training.base import Base
from duologue.training.fit import Fitted
from duologue.training.options import Options
from duologue.training.orphan import PARENT
from duologue.training.rows import Lesson
from duologue.training.sets import make_set

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows kills no process for memory")
Say = Callable[[str], None]


def hungry(most: int, *, say: Say, rows_at_once: int | None) -> tuple[int, int | None]:
    """Ends as the system would end it when more than ``most`` rows are computed at once."""
    say("step 20 of 60: loss 2.913")
    if rows_at_once is None or rows_at_once > most:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid(), rows_at_once


def resumes(*, say: Say, rows_at_once: int | None, resume: bool = False) -> bool:
    """Says whether it would go on, but for the first time."""
    if rows_at_once is None:
        os.kill(os.getpid(), signal.SIGKILL)
    return resume


def refuses(*, say: Say, rows_at_once: int | None) -> None:
    raise ImpossibleRequest("only 3 rows")


def breaks(*, say: Say, rows_at_once: int | None) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def waits(mark: Path, *, say: Say, rows_at_once: int | None) -> None:
    mark.write_text(str(os.getpid()))
    time.sleep(60)


def test_a_killed_training_is_tried_once_more_with_one_row_at_once() -> None:
    said: list[str] = []
    pid, rows = asyncio.run(fit_apart(partial(hungry, 1), said.append, None))
    assert (pid != os.getpid(), rows) == (True, 1)
    killed = "training was killed by signal 9, most likely for memory, after: step 20 of 60: loss 2.913"
    assert said == [said[0], f"{killed}; trying again with one row at once", said[0]]


@pytest.mark.parametrize(("rows", "tries"), [(None, 2), (1, 1)])
def test_what_is_killed_with_one_row_too_is_one_line(rows: int | None, tries: int) -> None:
    said: list[str] = []
    with pytest.raises(
        ModelError, match=r"most likely for memory, after: step 20.*; lower training\.max_tokens"
    ) as caught:
        asyncio.run(fit_apart(partial(hungry, 0), said.append, rows))
    assert "\n" not in str(caught.value)
    assert sum(line.startswith("step") for line in said) == tries


def test_errors_are_those_of_the_training() -> None:
    with pytest.raises(ImpossibleRequest, match="only 3 rows"):
        asyncio.run(fit_apart(refuses, print, None))
    with pytest.raises(ModelError, match="was killed by signal 15; the same command goes on"):
        asyncio.run(fit_apart(breaks, print, None))


def test_a_stop_ends_it(tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    def begun() -> None:
        while not mark.exists() or not mark.read_text():
            time.sleep(0.05)

    async def go() -> None:
        task = asyncio.create_task(fit_apart(partial(waits, mark), print, None))
        await asyncio.to_thread(begun)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_what_goes_over_can_be_pickled(tmp_path: Path) -> None:
    messages = (Message("user", "Hi."), Message("assistant", "Hello."))
    rows = [Lesson(f"{n}", "turns", "train", messages, (1,)) for n in range(2)]
    held = (make_set("sft", rows), Base("m", "m", tmp_path, "", "mit"), Options.of(TrainingConfig(), 1))
    assert pickle.loads(pickle.dumps(held)) == held
    fitted = Fitted(tmp_path, {"steps": 1})
    assert pickle.loads(pickle.dumps(fitted)) == fitted


def test_the_second_try_keeps_what_the_first_left() -> None:
    assert asyncio.run(fit_apart(resumes, print, None, partial(resumes, resume=True)))


def test_the_command_trains_apart(tmp_path: Path) -> None:
    """The command itself, with a training that is killed unless one row is computed at once."""
    code = """
import os, signal, sys
import duologue.cli.train as command
from tests.training.test_apart import hungry
from functools import partial

async def train_run(request, say, *, apart):
    from duologue.training.apart import fit_apart
    assert apart
    await fit_apart(partial(hungry, 1), say, request.rows_at_once)

command.train_run = train_run
if __name__ == "__main__":
    from duologue.cli.app import main
    sys.argv = ["duologue", "train", "run", "--to", "adapter"]
    main()
"""
    path = tmp_path / "stand_in.py"
    path.write_text(code)
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), str(root / "src")])
    # As inside a run, whose process it belongs to.
    env = {**os.environ, PARENT: str(os.getpid()), "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, path], env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "trying again with one row at once" in done.stdout
