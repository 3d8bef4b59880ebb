"""Checkpoints that can be trusted: each is vouched for by hashes, and one that is damaged or half-written is left out."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from duologue.errors import StoreError, UsageError
from duologue.models.files import sha256_of
from duologue.store.lock import RunLock

JOB = "job.json"
LOCK = "train.lock"
PROOF = "complete.json"
WAIT = 5.0
"""Seconds that another training in the same folder has to end."""
Say = Callable[[str], None]


@contextmanager
def held(work: Path, wait: float = WAIT) -> Iterator[None]:
    """Keep other processes from training in the folder ``work``, which is made where it is missing.

    One that is ending is waited for, ``wait`` seconds. Raises StoreError when it stays, or the disk refuses.
    """
    lock, until = RunLock(work, LOCK), time.monotonic() + wait
    while True:
        try:
            lock.acquire()
            break
        except StoreError as error:
            if not isinstance(error.__cause__, BlockingIOError) or time.monotonic() >= until:
                raise
            time.sleep(0.1)
    try:
        yield
    finally:
        lock.release()


def open_work(work: Path, job: dict[str, Any], *, force: bool) -> None:
    """Make the folder of a training, or go on with the one that is there; with ``force`` start over.

    Raises UsageError when it holds another training and ``force`` is false, or files of others, StoreError when the disk
    refuses.
    """
    try:
        work.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in work.iterdir()} - {LOCK, f".{JOB}"}
        if JOB in names:
            found = _read(work / JOB)
            if found == job and not force:
                return
            # One that can't be read vouches for nothing.
            if found is not None and not force:
                raise UsageError(
                    f"{work}: holds a training on other rows, another base model or other settings; go on with those, "
                    "choose another --to, or start over with --force"
                )
        elif names:
            raise UsageError(f"{work}: holds other files ({min(names)}); choose another --to, or move them away")
        for path in work.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()
        part = work / f".{JOB}"
        part.write_text(json.dumps(job, indent=1), encoding="utf-8")
        part.replace(work / JOB)
    except OSError as error:
        raise StoreError(
            f"{work} can't be written: {error.strerror or error}; check its rights and the space"
        ) from error


def prove(checkpoint: Path) -> None:
    """Write the hashes of all files of a checkpoint into it, last, so that a half-written one has none."""
    hashes = {
        str(path.relative_to(checkpoint)): sha256_of(path)
        for path in sorted(checkpoint.rglob("*"))
        if path.is_file() and path.name != PROOF
    }
    part = checkpoint / f".{PROOF}"
    part.write_text(json.dumps(hashes, indent=1), encoding="utf-8")
    part.replace(checkpoint / PROOF)


def newest(work: Path, say: Say) -> Path | None:
    """The newest checkpoint that is whole, as is the best one that it names; those after it are removed, and ``say`` is told
    why."""
    for checkpoint in sorted(work.glob("checkpoint-*"), key=_step, reverse=True):
        why = fault(checkpoint)
        best = best_of(checkpoint)
        if not why and best is not None and best != checkpoint and (broken := fault(best)):
            why = f"has {best.name} for its best, which {broken},"
        if not why:
            return checkpoint
        say(f"{checkpoint.name} {why} and was left out; training goes on from before it")
        shutil.rmtree(checkpoint, ignore_errors=True)
    return None


def best_of(checkpoint: Path) -> Path | None:
    """The best checkpoint up to this one, beside it; None where nothing was held out."""
    state = _read(checkpoint / "trainer_state.json")
    best = state.get("best_model_checkpoint") if isinstance(state, dict) else None
    # The folder may have been moved since.
    return checkpoint.parent / Path(str(best)).name if best else None


def fault(checkpoint: Path) -> str:
    """What is wrong with a checkpoint, in words that follow its name; empty when it is whole."""
    hashes = _read(checkpoint / PROOF)
    if not isinstance(hashes, dict):
        return "is not complete"
    for name, wanted in hashes.items():
        path = checkpoint / name
        if not path.is_file() or sha256_of(path) != wanted:
            return f"is damaged ({name})"
    return ""


def _step(checkpoint: Path) -> int:
    number = checkpoint.name.rpartition("-")[2]
    return int(number) if number.isdigit() else -1


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
