"""Files on the disk: hashing, the note that a file was verified, errors in one line, a lock between processes."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Literal

from duologue.errors import ModelError

BLOCK = 1 << 20


def joint_hash(base: str, adapter: str) -> str:
    """64 hex digits for weights with an adapter merged in, from the SHA-256 of both files."""
    return hashlib.sha256(f"{base} {adapter}".encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _note_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.verified")


def write_note(path: Path, sha256: str) -> None:
    """Note beside ``path`` that its present bytes hash to ``sha256``. A folder that can't be written gets no note."""
    status = path.stat()
    note = {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": sha256}
    target = _note_path(path)
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    # Without a note the file is only hashed again next time, so a read-only folder is no error.
    with contextlib.suppress(OSError):
        draft.write_text(json.dumps(note), encoding="utf-8")
        draft.replace(target)


def verified(path: Path, sha256: str, size: int) -> Literal["right", "wrong", "missing"]:
    """Say whether ``path`` holds the pinned bytes.

    A note from an earlier check spares the hashing while size and time of change are the same. Raises ModelError
    when the file can't be read.
    """
    try:
        status = path.stat()
        if not path.is_file():
            return "missing"
        if status.st_size != size:
            return "wrong"
        if _read_note(path) == {"size": size, "mtime_ns": status.st_mtime_ns, "sha256": sha256}:
            return "right"
        if sha256_of(path) != sha256:
            return "wrong"
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError as error:
        raise ModelError(f"{path} can't be read: {_cause(error)}") from error
    write_note(path, sha256)
    return "right"


def _read_note(path: Path) -> object:
    try:
        return json.loads(_note_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _cause(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()


@contextlib.contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Turn an OSError of the enclosed file work into a ModelError that names the folder and the cure."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            cure = "make room (what was fetched is kept) and pull again, or choose another folder with DUOLOGUE_MODELS"
        else:
            cure = "make it writable, or choose another folder with DUOLOGUE_MODELS"
        raise ModelError(f"can't write models to {folder}: {_cause(error)}; {cure}") from error


def sync(handle: IO[bytes]) -> None:
    """Flush a file to the disk, so that a note never vouches for bytes that a power cut took."""
    handle.flush()
    os.fsync(handle.fileno())


class FolderLock:
    """Held by one process (and one thread) at a time; the system releases it when the holder dies.

    ``waiting`` is called several times a second while another one holds it.
    """

    def __init__(self, folder: Path, waiting: Callable[[], None] = lambda: None, pause: float = 0.2) -> None:
        self._folder = folder
        self._waiting = waiting
        self._pause = pause
        self._handle: IO[bytes] | None = None

    def __enter__(self) -> FolderLock:
        with disk(self._folder):
            handle = (self._folder / ".lock").open("a+b")
        try:
            with disk(self._folder):
                while not _try_lock(handle):
                    self._waiting()
                    time.sleep(self._pause)
        except BaseException:
            handle.close()
            raise
        self._handle = handle
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing releases; the file stays, because removing it would let two processes lock two different files.
        if self._handle is not None:
            self._handle.close()
            self._handle = None


def _try_lock(handle: IO[bytes]) -> bool:
    if sys.platform == "win32":
        import msvcrt

        handle.seek(0)
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
