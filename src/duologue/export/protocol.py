"""What every export format offers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from duologue.records import Conversation


class Format(Protocol):
    """One file format. Third parties add theirs through the entry point group ``duologue.formats``.

    An entry is a callable without arguments that returns a Format.
    """

    name: str

    def write(self, rows: Iterable[Conversation], to: Path) -> int:
        """Write ``rows`` in order to the new file ``to``, reading them once; return how many.

        The caller takes care of existing files and of what is left after an error.
        """
        ...
