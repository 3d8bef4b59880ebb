"""Only one process may write to a run folder. The lock is the kernel's and ends with its holder, however that ends."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import TracebackType

from duologue.errors import StoreError

FILE_NAME = "run.lock"


class InUse(StoreError):
    """Another process has the lock."""


class RunLock:
    """Exclusive lock of a run folder: ``flock`` on ``run.lock``, which also names its holder.

    A context manager. ``stale`` tells, once held, which process left the lock behind without an orderly end.
    """

    def __init__(self, folder: Path, name: str = FILE_NAME, *, passing: bool = False) -> None:
        """``passing`` is for somebody who does not go on with the run: who left it behind stays named."""
        self.path = folder / name
        self.stale: str | None = None
        self._passing = passing
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises InUse, naming the holder, when another process has it, StoreError when it can't be had."""
        import fcntl

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(
                f"{self.path.parent}: can't be written ({error.strerror}); choose another folder or mend its permissions"
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _read(file) or "another process"
            os.close(file)
            if not isinstance(error, BlockingIOError):
                raise StoreError(f"{self.path}: can't be locked ({error.strerror}); use a local disk") from error
            raise InUse(
                f"{self.path.parent}: in use by {holder}; wait for it to end, stop it, or choose another folder"
            ) from error
        self.stale = _read(file) or None
        os.ftruncate(file, 0)
        os.pwrite(file, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        self._file = file

    def release(self) -> None:
        """Give the lock back; the file stays, empty."""
        if self._file is None:
            return
        os.ftruncate(self._file, 0)
        if self._passing and self.stale:
            os.pwrite(self._file, self.stale.encode(), 0)
        os.close(self._file)
        self._file = None

    def __enter__(self) -> RunLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _read(file: int) -> str:
    text = os.pread(file, 200, 0).decode("utf-8", "replace")
    return "".join(c for c in text if c.isprintable()).strip()
