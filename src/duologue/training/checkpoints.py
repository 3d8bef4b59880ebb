"""Checkpoints that can be trusted: each is vouched for by hashes, and one that is damaged or half-written is left out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from duologue.errors import StoreError, UsageError
from duologue.models.files import sha256_of

JOB = "job.json"
PROOF = "complete.json"
Say = Callable[[str], None]


def open_work(work: Path, job: dict[str, Any], *, force: bool) -> None:
    """Make the folder of a training, or go on with the one that is there.

    Raises UsageError when it holds another training and ``force`` is false, StoreError when the disk refuses.
    """
    try:
        if (work / JOB).is_file():
            if _read(work / JOB) == job:
                return
            if not force:
                raise UsageError(
                    f"{work}: holds a training on other rows, another base model or other settings; go on with those, "
                    "choose another --to, or start over with --force"
                )
        elif work.exists() and any(work.iterdir()) and not force:
            raise UsageError(f"{work}: holds other files; choose another --to")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        (work / JOB).write_text(json.dumps(job, indent=1), encoding="utf-8")
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
    """The newest checkpoint that is whole; those after it are removed, and ``say`` is told why."""
    for checkpoint in sorted(work.glob("checkpoint-*"), key=_step, reverse=True):
        why = _fault(checkpoint)
        if not why:
            return checkpoint
        say(f"{checkpoint.name} {why} and was left out; training goes on from before it")
        shutil.rmtree(checkpoint, ignore_errors=True)
    return None


def _fault(checkpoint: Path) -> str:
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
