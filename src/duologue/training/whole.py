"""Folders that appear complete or not at all, so that nothing half-written is ever taken for an adapter or a data set."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from duologue.errors import StoreError, UsageError


@contextmanager
def new_folder(to: Path, *, force: bool = False) -> Iterator[Path]:
    """Give a folder to fill; it takes the name ``to`` when the block ends well and is removed when it does not.

    With ``force`` an earlier folder gives way. Raises UsageError where ``to`` is there and may not be replaced,
    StoreError when the disk refuses.
    """
    if os.path.lexists(to) and not (to.is_dir() and (force or not any(to.iterdir()))):
        raise UsageError(f"{to} exists already; name another folder, or allow replacing it with --force")
    part = to.parent / f".{to.name[:100]}.{secrets.token_hex(4)}.part"
    try:
        part.mkdir(parents=True)
        yield part
        for path in sorted(part.rglob("*")):
            _sync(path)
        old = to.parent / f".{to.name[:100]}.{secrets.token_hex(4)}.old"
        if to.is_dir():
            to.rename(old)
        part.rename(to)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise StoreError(
            f"{to} can't be written: {error.strerror or error}; check the path, its rights and the space"
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _sync(path: Path) -> None:
    if path.is_file():
        with path.open("rb+") as file:
            os.fsync(file.fileno())
