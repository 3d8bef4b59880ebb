"""CSV in the layout of Synthetic-Persona-Chat: the released files and our own export."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from duologue.datasets.layouts import dialogue_of, has_label
from duologue.datasets.problems import BadRow
from duologue.datasets.protocol import Look
from duologue.datasets.readers.csv_records import CsvRecords
from duologue.datasets.readers.text import opened
from duologue.datasets.records import Dialogue, Problem, Provenance
from duologue.errors import UsageError
from duologue.seeds.spc import HEADER
from duologue.spreadsheets import undone


class SpcReader:
    """Reads the three columns; others are ignored. Apostrophes that keep a cell from being a formula are taken off."""

    name = "spc"

    def recognises(self, look: Look) -> bool:
        """A file whose first line with text is a header with two of the three columns; reading tells of the third."""
        if not look.lines:
            return False
        try:
            cells = next(csv.reader([look.lines[0]], strict=True), [])
        except csv.Error:
            return False
        return len(_missing(cells)) < len(HEADER) - 1

    def read(self, source: str) -> Iterator[Dialogue | Problem]:
        """See the Protocol. A row of broken quoting, such as one cut short, is one problem; the next row is read."""
        header: list[str] = []

        def whole(cells: list[str]) -> bool:
            # With a heading before its first label a row is bad, but a row of its own.
            labelled = [_talk(name) == has_label(cell) for name, cell in zip(header, cells, strict=False)]
            return len(cells) == len(header) and all(labelled)

        with opened(source) as file:
            row = 0
            for found in CsvRecords(file, whole):
                if not header:
                    header = _header(found, source)
                    continue
                row += 1
                try:
                    if isinstance(found, csv.Error):
                        raise BadRow("broken CSV", found)
                    yield self._dialogue(header, found, Provenance(source, self.name, row))
                except BadRow as problem:
                    yield problem.at(row)

    def _dialogue(self, header: list[str], cells: list[str], provenance: Provenance) -> Dialogue:
        if len(cells) != len(header):
            raise BadRow(f"it lacks cells or has too many; the header has {len(header)}", len(cells))
        values = dict(zip(header, map(undone, cells), strict=True))
        return dialogue_of(values, provenance)


def _talk(column: str) -> bool:
    """Whether a column holds conversations."""
    return "_".join(column.lower().replace("_", " ").split()) == "best_generated_conversation"


def _missing(cells: list[str]) -> list[str]:
    """The columns that a header lacks."""
    held = {" ".join(cell.lower().replace("_", " ").split()) for cell in cells}
    return [name for name in HEADER if name.lower() not in held]


def _header(cells: list[str] | csv.Error, source: str) -> list[str]:
    if isinstance(cells, csv.Error):
        raise UsageError(f"{source}: its first line is not the header {','.join(HEADER)}; choose another format")
    if missing := _missing(cells):
        columns = "column" if len(missing) == 1 else "columns"
        raise UsageError(
            f"{source}: its first line lacks the {columns} {', '.join(missing)}; the header is {','.join(HEADER)}"
        )
    return cells
