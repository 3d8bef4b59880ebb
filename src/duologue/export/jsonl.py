"""Native rows as JSON lines, UTF-8, one conversation a line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import orjson

from duologue.export.rows import row_of
from duologue.records import Conversation


class JsonlFormat:
    """Writes the rows of :mod:`duologue.export.rows`. Values that are not finite become null."""

    name = "jsonl"

    def write(self, rows: Iterable[Conversation], to: Path) -> int:
        """Write one line a conversation."""
        count = 0
        with to.open("xb") as file:
            for conversation in rows:
                file.write(orjson.dumps(row_of(conversation), option=orjson.OPT_APPEND_NEWLINE))
                count += 1
        return count
