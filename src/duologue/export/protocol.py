"""What every export format offers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, runtime_checkable

from duologue.export.contests import Contest
from duologue.records import Conversation


class Format(Protocol):
    """One file format. Third parties add theirs through the entry point group ``duologue.formats``.

    An entry is a callable without arguments that returns a Format.
    """

    name: str

    def write(self, rows: Iterable[Conversation], to: Path) -> int:
        """Write ``rows`` in order to the new file ``to``, reading them once; return how many there were.

        The caller takes care of existing files and of what is left after an error.
        """
        ...


@runtime_checkable
class ContestFormat(Protocol):
    """A format that needs the candidates which lost, too; only a run folder has them."""

    name: str

    def write_contests(self, rows: Iterable[Contest], to: Path) -> int:
        """Like :meth:`Format.write`, for contests."""
        ...
