"""Native rows as JSON lines, UTF-8, one conversation a line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from duologue.export.lines import write_lines
from duologue.export.rows import row_of
from duologue.records import Conversation


class JsonlFormat:
    """Writes the rows of :mod:`duologue.export.rows`. Values that are not finite become null."""

    name = "jsonl"

    def write(self, rows: Iterable[Conversation], to: Path) -> int:
        """Write one line a conversation."""
        return write_lines(rows, lambda conversation: (row_of(conversation),), to)
