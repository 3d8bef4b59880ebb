"""What every reader of data sets offers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from duologue.datasets.records import Dialogue, Problem


@dataclass(frozen=True, slots=True)
class Look:
    """A first look at a source: what detection goes by. Nothing but the beginning of a file is read."""

    source: str
    """As given."""
    path: Path | None
    """The file or folder; None for a source that is none, such as ``hf:ID``."""
    head: bytes = b""
    """The first bytes of a file."""
    lines: tuple[str, ...] = ()
    """The first lines with text, of a file that is text."""
    names: tuple[str, ...] = ()
    """What stands in a folder, sorted; with one level of folders below, as ``data/a.parquet``."""


class Reader(Protocol):
    """Reads one format. Third parties add theirs through the entry point group ``duologue.datasets``.

    An entry is a callable without arguments that returns a Reader.
    """

    @property
    def name(self) -> str:
        """The format's name."""
        ...

    def recognises(self, look: Look) -> bool:
        """Whether a source is in this format, by its content."""
        ...

    def read(self, source: str) -> Iterator[Dialogue | Problem]:
        """Yield the rows in order, each as a dialogue or as the problem it has, holding few of them at a time.

        Raises :class:`duologue.errors.UsageError`, in one line, when the source as a whole can't be read.
        """
        ...
