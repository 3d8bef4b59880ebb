"""A training in a process of its own: a system without memory ends that process, and this one can say so and try again.

On Linux a process that wants more memory than there is gets no error; it is killed, without a word.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Protocol, TypeVar

from duologue.errors import DuologueError, ModelError
from duologue.training.orphan import end_with

T_co = TypeVar("T_co", covariant=True)
Say = Callable[[str], None]
SIGKILL = 9
"""Its number; Windows has no such signal, and none of its codes is negative."""
LOOK = 0.2
"""Seconds between two looks at what the process says."""


class Work(Protocol[T_co]):
    """What is done apart: it and what it returns are pickled."""

    def __call__(self, *, say: Say, rows_at_once: int | None) -> T_co: ...


class Killed(ModelError):
    """A training that the system ended, most likely for memory."""


def apart_helps() -> bool:
    """Whether a process of its own is of use: not on Windows, which kills none for memory."""
    return os.name == "posix"


async def fit_apart(work: Work[T_co], say: Say, rows_at_once: int | None, again: Work[T_co] | None = None) -> T_co:
    """Do ``work`` in another process and return what it returns; one that is killed is tried again with one row at once.

    ``again``: what is done then, where that is not ``work`` itself.

    Its errors are raised here. Raises ModelError when it is killed with one row at once too.
    """
    try:
        return await _once(work, say, rows_at_once)
    except Killed as killed:
        if rows_at_once == 1:
            raise ModelError(_no_memory(killed)) from None
        say(f"{killed}; trying again with one row at once")
    try:
        return await _once(again or work, say, 1)
    except Killed as killed:
        raise ModelError(_no_memory(killed)) from None


def _no_memory(killed: Killed) -> str:
    return f"{killed}, with one row at once; lower training.max_tokens, choose a smaller base, or end what else takes memory"


async def _once(work: Work[T_co], say: Say, rows_at_once: int | None) -> T_co:
    # Spawned, for what was loaded here, with its threads, can't be forked.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, os.getpid(), work, rows_at_once), daemon=True)
    process.start()
    # Else the pipe would not end with the process.
    theirs.close()
    last = ""
    try:
        while True:
            alive = process.is_alive()
            for kind, what in _said(ours):
                if kind == "done":
                    return what  # type: ignore[no-any-return]
                if kind == "error":
                    raise what
                last = what
                say(last)
            if not alive:
                break
            await asyncio.sleep(LOOK)
    finally:
        if process.is_alive():
            process.join(LOOK)
            process.terminate()
        process.join()
        ours.close()
    after = f" after: {last}" if last else ""
    code = process.exitcode or 0
    if code == -SIGKILL:
        raise Killed(f"training was killed by signal 9, most likely for memory,{after or ' before it said anything'}")
    how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
    raise ModelError(f"training {how}{after}; the same command goes on where it stopped")


def _said(pipe: Connection) -> list[tuple[str, Any]]:
    """What has come since; nothing more once the other end is gone."""
    found = []
    try:
        while pipe.poll():
            found.append(pipe.recv())
    except (EOFError, OSError):
        pass
    return found


def _work(pipe: Connection, parent: int, work: Work[Any], rows_at_once: int | None) -> None:
    """The other process."""
    # Ctrl-C reaches both; the one that is looked at ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent)
    try:
        done = ("done", work(say=lambda line: pipe.send(("said", line)), rows_at_once=rows_at_once))
    except (DuologueError, OSError) as error:
        done = ("error", error)
    except Exception as error:
        traceback.print_exc()
        done = ("error", RuntimeError(f"{type(error).__name__}: {error}"))
    pipe.send(done)
