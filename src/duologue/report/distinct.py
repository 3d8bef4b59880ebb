"""Counting distinct texts exactly, in memory that does not grow with their number."""

from __future__ import annotations

import tempfile
from array import array
from typing import IO

import numpy as np

HELD = 1 << 18
"""Hashes held in memory; beyond, they go to temporary files."""
PARTS = 64
"""Temporary files, by the hash's last bits; one at a time is read back."""


class Distinct:
    """Counts texts and distinct texts by 64-bit hashes. A context manager: its files go with it."""

    def __init__(self, held: int = HELD) -> None:
        self.total = 0
        """Texts taken so far."""
        self._most = held
        self._held = array("q")
        self._files: list[IO[bytes]] = []

    def add(self, text: str) -> None:
        """Take one more."""
        self.total += 1
        self._held.append(hash(text))
        if len(self._held) >= self._most:
            self._spill()

    def count(self) -> int:
        """How many of them are distinct (two that share a hash count as one: 1 in 10^5 at ten million texts)."""
        if not self._files:
            return len(np.unique(np.frombuffer(self._held, dtype=np.int64))) if self._held else 0
        self._spill()
        found = 0
        for file in self._files:
            file.seek(0)
            found += len(np.unique(np.frombuffer(file.read(), dtype=np.int64)))
            file.seek(0, 2)
        return found

    def close(self) -> None:
        """Remove the temporary files."""
        for file in self._files:
            file.close()
        self._files.clear()

    def __enter__(self) -> Distinct:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _spill(self) -> None:
        if not self._files:
            self._files = [tempfile.TemporaryFile() for _ in range(PARTS)]  # noqa: SIM115
        hashes = np.unique(np.frombuffer(self._held, dtype=np.int64))
        for part, file in enumerate(self._files):
            file.write(hashes[(hashes & (PARTS - 1)) == part].tobytes())
        self._held = array("q")
