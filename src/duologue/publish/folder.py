"""The folder that is published: there in full or not at all, and never in place of something foreign."""

from __future__ import annotations

import glob
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from duologue.errors import StoreError, UsageError
from duologue.publish.card import FILE_NAME as CARD
from duologue.publish.checksums import FILE_NAME as SUMS
from duologue.publish.checksums import changed, read_sums, sha256_of, write_sums

MARKER = "duologue.json"
"""Says what run a folder was made from, and with what options; a folder without it is foreign."""
_IGNORED = frozenset((".cache", ".git", ".gitattributes"))
"""What the hub's tools leave in a folder, a clone's history among it; a new data set takes it over from the old one."""


def read_marker(folder: Path) -> dict[str, Any] | None:
    """What the folder was made from; None when duologue did not make it."""
    try:
        value = orjson.loads((folder / MARKER).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return value if isinstance(value, dict) and "made_by" in value and read_sums(folder) else None


def same(folder: Path, marker: Mapping[str, Any], content: Callable[[], str]) -> bool:
    """Whether the folder holds just what would be written: the same ``marker``, and the same ``content`` hash."""
    found = read_marker(folder)
    if found is None or {k: v for k, v in found.items() if k not in ("card", "content", "conversations")} != marker:
        return False
    return found.get("content") == content()


def missing(folder: Path) -> list[str]:
    """Names of the data set's files that are not there."""
    return [name for name in (*sorted(read_sums(folder)), CARD) if not (folder / name).is_file()]


def check_whole(folder: Path) -> None:
    """Raise StoreError when a listed file is missing or changed. The card may be edited."""
    if edited := changed(folder):
        raise StoreError(
            f"{folder}: {edited[0]} was changed since it was written; put it back as it was, or move it away and publish again"
        )
    if gone := missing(folder):
        raise StoreError(f"{folder}: {gone[0]} is missing; publish anew with --replace")


def check_target(folder: Path, *, replace: bool) -> None:
    """Raise UsageError when writing the folder would overwrite something that is not to be overwritten.

    A file that is missing is no loss.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir() or folder.is_symlink():
        raise UsageError(f"{folder} is there and is no folder; name another")
    if not any(folder.iterdir()):
        return
    marker = read_marker(folder)
    if marker is None:
        raise UsageError(f"{folder} holds other files and was not made by duologue publish; name a new or empty folder")
    if not replace:
        raise UsageError(f"{folder} holds a data set already; name another folder, or write it anew with --replace")
    own = {*read_sums(folder), SUMS, CARD}
    foreign = sorted(name for name in _names(folder) if name not in own)
    edited = changed(folder)
    if (folder / CARD).is_file() and sha256_of(folder / CARD) != marker.get("card"):
        edited.append(CARD)
    if foreign or edited:
        what = f"{foreign[0]} is not of the data set" if foreign else f"{edited[0]} was changed since"
        raise UsageError(f"{folder}: {what}; move it away first, --replace would lose it")


@contextmanager
def written(folder: Path, marker: Mapping[str, Any], *, replace: bool = False) -> Iterator[Path]:
    """Give an empty folder beside ``folder`` to write to; it takes its place when the block ends without an error.

    The marker, which may be filled in meanwhile, and SHA256SUMS are added then, and everything is synced to the disk. After an error, or a kill,
    ``folder`` is as it was. A kill while the two change places leaves the old one beside it; see :func:`finish_replacing`.
    Raises UsageError like :func:`check_target`, StoreError when it can't be written.
    """
    check_target(folder, replace=replace)
    temporary = folder.parent / f".{folder.name[:100]}.{secrets.token_hex(4)}.part"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        yield temporary
        _finish(temporary, marker)
        check_target(folder, replace=replace)
        _put(temporary, folder)
    except OSError as error:
        raise _refused(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def finish_replacing(folder: Path) -> None:
    """Go on where an earlier call was killed before all of :data:`_IGNORED` had moved. Raises StoreError."""
    if folder.is_symlink() or not folder.is_dir():
        return
    try:
        for old in _aside(folder):
            _take_over(old, folder)
    except OSError as error:
        raise _refused(folder, error) from error


def _finish(temporary: Path, marker: Mapping[str, Any]) -> None:
    whole = {**marker, "card": sha256_of(temporary / CARD)}
    (temporary / MARKER).write_bytes(orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    write_sums(temporary, [name for name in _names(temporary) if name != CARD])
    for path in [*temporary.rglob("*"), temporary]:
        _sync(path)


def _put(temporary: Path, folder: Path) -> None:
    """Rename. An old data set goes aside first and away last, so that at any moment one of the two is whole."""
    old = temporary.with_suffix(".old")
    here = _working_folder()
    try:
        if folder.is_dir() and any(folder.iterdir()):
            folder.rename(old)
        temporary.rename(folder)
    except BaseException:
        if old.is_dir() and not os.path.lexists(folder):
            with suppress(OSError):
                old.rename(folder)
        raise
    for left in (old, *_aside(folder)):
        _take_over(left, folder)
    _sync(folder.parent)
    if here is not None and folder in (here, *here.parents):
        # Of that name there is another folder now.
        with suppress(OSError):
            os.chdir(here)


def _aside(folder: Path) -> list[Path]:
    """Old data sets that a kill left beside ``folder``; none of a name so long that others begin like it."""
    return sorted(folder.parent.glob(f".{glob.escape(folder.name)}.{'[0-9a-f]' * 8}.old"))


def _take_over(old: Path, folder: Path) -> None:
    """Move what the hub's tools left in ``old`` to ``folder``, then remove ``old``; nothing of it is ever in neither."""
    for name in sorted(_IGNORED):
        if os.path.lexists(old / name) and not os.path.lexists(folder / name):
            (old / name).rename(folder / name)
    _sync(folder)
    if not any(os.path.lexists(old / name) for name in _IGNORED):
        shutil.rmtree(old, ignore_errors=True)


def _working_folder() -> Path | None:
    try:
        return Path.cwd()
    except OSError:
        return None


def _refused(folder: Path, error: OSError) -> StoreError:
    return StoreError(f"{folder} can't be written: {error.strerror or error}; check the path, its rights and the space")


def _names(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    names = (path.relative_to(folder).as_posix() for path in files)
    return [name for name in names if name.partition("/")[0] not in _IGNORED]


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
