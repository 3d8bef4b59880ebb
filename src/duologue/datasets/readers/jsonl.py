"""JSON lines, one conversation a line, in any layout of :mod:`duologue.datasets.layouts`."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import replace

import orjson

from duologue.datasets.layouts import dialogue_of
from duologue.datasets.problems import BadRow
from duologue.datasets.protocol import Look
from duologue.datasets.readers.text import raw_lines
from duologue.datasets.records import Dialogue, Problem, Provenance


class JsonlReader:
    """Reads our own export and rows like it. Blank lines don't count as rows."""

    name = "jsonl"

    def __init__(self, *, whole: bool = False) -> None:
        """``whole`` keeps each row in :attr:`Dialogue.row`."""
        self._whole = whole

    def recognises(self, look: Look) -> bool:
        """A file whose first line with text begins a JSON object."""
        return bool(look.lines) and look.lines[0].lstrip().startswith("{")

    def read(self, source: str) -> Iterator[Dialogue | Problem]:
        """See the Protocol."""
        row = 0
        for line in raw_lines(source):
            if isinstance(line, bytes):
                line = line.removeprefix(codecs.BOM_UTF8) if not row else line
                if not line.strip():
                    continue
            row += 1
            try:
                value = _object(line)
                found = dialogue_of(value, Provenance(source, self.name, row))
                yield replace(found, row=value) if self._whole else found
            except BadRow as problem:
                yield problem.at(row)


def _object(line: bytes | BadRow) -> dict[str, object]:
    if isinstance(line, BadRow):
        raise line
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadRow("not JSON", line[:200].decode("utf-8", "replace")) from error
    if not isinstance(value, dict):
        raise BadRow("not a JSON object", line[:200].decode("utf-8", "replace"))
    return value
