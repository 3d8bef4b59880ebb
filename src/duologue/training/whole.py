"""Folders that appear complete or not at all, so that nothing half-written is ever taken for an adapter or a data set."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from duologue.errors import StoreError, UsageError

_SET = frozenset(("set.json", "train.jsonl", "valid.jsonl", "hosted_train.jsonl", "hosted_valid.jsonl"))
_ADAPTER = frozenset(("meta.json", "adapter.gguf", "peft"))
_MERGED = re.compile(r"\.?.+-[0-9a-f]{12}\.gguf(\.merged|\.verified)?$")
"""What the first run with an adapter leaves beside it."""


def check_target(to: Path, *, force: bool = False, source: Path | None = None) -> None:
    """Raise UsageError where a folder can't be written to ``to``, or would take the place of what may not be lost.

    With ``force`` a training set or an adapter folder gives way, when nothing else lies in it. ``source`` is the folder
    that is read: neither it nor a folder around it can be replaced.
    """
    if to.name in ("", "..") or Path.cwd().is_relative_to(to.resolve()):
        raise UsageError(f"{to}: is no name for a new folder, or the folder that you are in; name another one")
    if source is not None and to.resolve() in (source.resolve(), *source.resolve().parents):
        raise UsageError(f"{to}: holds what is read, {source}; name another folder")
    if not os.path.lexists(to) or (to.is_dir() and not to.is_symlink() and not any(to.iterdir())):
        return
    if not force:
        raise UsageError(f"{to} exists already; name another folder, or allow replacing it with --force")
    foreign = _foreign(to)
    if foreign:
        raise UsageError(f"{to}: {foreign}, and --force would lose it; name another folder, or move it away")


@contextmanager
def new_folder(to: Path, *, force: bool = False) -> Iterator[Path]:
    """Give a folder to fill; it takes the name ``to`` when the block ends well and is removed when it does not.

    With ``force`` an earlier folder gives way, and is there again when the new one can't take its place. Raises UsageError
    as :func:`check_target` does, StoreError when the disk refuses.
    """
    check_target(to, force=force)
    part = to.parent / f".{to.name[:100]}.{secrets.token_hex(4)}.part"
    try:
        part.mkdir(parents=True)
        yield part
        for path in sorted(part.rglob("*")):
            _sync(path)
        check_target(to, force=force)
        _put(part, to)
    except OSError as error:
        raise StoreError(
            f"{to} can't be written: {error.strerror or error}; check the path, its rights and the space"
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _put(part: Path, to: Path) -> None:
    old = part.with_suffix(".old")
    if to.is_dir():
        to.rename(old)
    try:
        part.rename(to)
    except OSError:
        with suppress(OSError):
            old.rename(to)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _foreign(folder: Path) -> str:
    """What in the folder ``duologue train`` did not write, in words; empty when it is all its own."""
    if folder.is_symlink() or not folder.is_dir():
        return "is no folder"
    about, meta = _json(folder / "set.json"), _json(folder / "meta.json")
    if str(about.get("format", "")).startswith("duologue-training/"):
        own = _SET
    elif meta.keys() & {"base_sha256", "peft_sha256"}:
        own = _ADAPTER
    else:
        return "was not written by duologue train"
    others = sorted(p.name for p in folder.iterdir() if p.name not in own)
    if own is _ADAPTER:
        others = [name for name in others if not _MERGED.fullmatch(name)]
    return f"holds other files ({others[0]})" if others else ""


def _json(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _sync(path: Path) -> None:
    if path.is_file():
        with path.open("rb+") as file:
            os.fsync(file.fileno())
