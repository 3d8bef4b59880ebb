"""CSV in the layout of Synthetic-Persona-Chat: the released files and our own export."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from duologue.datasets.layouts import dialogue_of, layout_of
from duologue.datasets.problems import BadRow
from duologue.datasets.protocol import Look
from duologue.datasets.readers.text import opened
from duologue.datasets.records import Dialogue, Problem, Provenance
from duologue.errors import UsageError
from duologue.seeds.spc import HEADER
from duologue.spreadsheets import undone


class SpcReader:
    """Reads the three columns; others are ignored. Apostrophes that keep a cell from being a formula are taken off."""

    name = "spc"

    def recognises(self, look: Look) -> bool:
        """A file whose first line with text is a header with the three columns."""
        if not look.lines:
            return False
        try:
            cells = next(csv.reader([look.lines[0]], strict=True), [])
        except csv.Error:
            return False
        return layout_of(cells) == "spc"

    def read(self, source: str) -> Iterator[Dialogue | Problem]:
        """See the Protocol. A row of broken quoting is a problem; reading goes on with the next line."""
        with opened(source) as file:
            rows = csv.reader(file, strict=True)
            header: list[str] = []
            row = 0
            while True:
                try:
                    cells = next(rows, None)
                    if cells is None:
                        break
                    if not any(cell.strip() for cell in cells):
                        continue
                    if not header:
                        header = _header(cells, source)
                        continue
                    row += 1
                    yield self._dialogue(header, cells, Provenance(source, self.name, row))
                except csv.Error as error:
                    row += 1
                    yield BadRow("broken CSV", error).at(row)
                except BadRow as problem:
                    yield problem.at(row)

    def _dialogue(self, header: list[str], cells: list[str], provenance: Provenance) -> Dialogue:
        if len(cells) != len(header):
            raise BadRow(f"it lacks cells or has too many; the header has {len(header)}", len(cells))
        values = dict(zip(header, map(undone, cells), strict=True))
        return dialogue_of(values, provenance)


def _header(cells: list[str], source: str) -> list[str]:
    if layout_of(cells) != "spc":
        raise UsageError(f"{source}: its first line is not the header {','.join(HEADER)}; choose another format")
    return cells
