"""Native rows as JSON lines, UTF-8, one conversation a line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from duologue.export.lines import write_lines
from duologue.export.rows import Row, row_of
from duologue.records import Conversation

NO_OTHER = -1
"""Stands for the other utterance of evidence that has none: who guesses types from the first rows, as ``datasets`` does, would take
a column that begins with nulls for one of nulls."""


class JsonlFormat:
    """Writes the rows of :mod:`duologue.export.rows`. Values that are not finite become null."""

    name = "jsonl"

    def write(self, rows: Iterable[Conversation], to: Path) -> int:
        """Write one line a conversation."""
        return write_lines(rows, lambda conversation: (line_of(conversation),), to)


def line_of(conversation: Conversation) -> Row:
    """The row as JSON lines hold it; evidence without another utterance has ``NO_OTHER`` there."""
    row = row_of(conversation)
    for item in row["evidence"]:
        if item["other"] is None:
            item["other"] = NO_OTHER
    return row
