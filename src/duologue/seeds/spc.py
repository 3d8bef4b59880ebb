"""CSV in the layout of Synthetic-Persona-Chat: two profiles a row, their attributes on lines within a cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from duologue.errors import SeedError
from duologue.seeds.source import shorten
from duologue.spreadsheets import undone

PERSONAS_1 = "user 1 personas"
PERSONAS_2 = "user 2 personas"
CONVERSATION = "Best Generated Conversation"
HEADER = (PERSONAS_1, PERSONAS_2, CONVERSATION)


def read_spc(text: str, source: str) -> Iterator[list[str]]:
    """Yield the two profiles of each row. The conversation column may be missing; other columns are ignored.

    Raises :class:`SeedError` where a persona column is missing, a row has too few or too many cells, a persona cell
    is empty, or the quoting is broken. Apostrophes that keep a cell from being a formula are taken off. Rows are
    counted from 1, the header not counted.
    """
    # Within a cell, lines end in \n; a \r can be part of an attribute unless the whole file knows no \n.
    line_end = "\n" if "\n" in text else "\r"
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[int] = []
    width = number = 0
    try:
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns, width = _persona_columns(cells, source), len(cells)
                continue
            number += 1
            cells = list(map(undone, cells))
            place = f"{source}: row {number} (ends on line {rows.line_num})"
            if len(cells) != width:
                raise SeedError(
                    f"{place} has {len(cells)} of the header's {width} cells; quote cells that hold commas or line breaks"
                )
            for column in columns:
                if not cells[column].strip():
                    name = HEADER[columns.index(column)]
                    raise SeedError(f'{place} has an empty "{name}"; fill it in or take the row out')
                yield [line for line in cells[column].split(line_end) if line.strip()]
    except csv.Error as error:
        raise SeedError(
            f"{source}: line {rows.line_num}: broken CSV ({error}); look for a quote that is not closed or not doubled"
        ) from error


def _persona_columns(cells: list[str], source: str) -> list[int]:
    names = [" ".join(cell.split()).lower() for cell in cells]
    missing = [name for name in (PERSONAS_1, PERSONAS_2) if name not in names]
    if missing:
        wanted = ("columns " if len(missing) > 1 else "column ") + " and ".join(f'"{name}"' for name in missing)
        raise SeedError(
            f"{source}: line 1 lacks the {wanted} (found: {shorten(', '.join(cells))}); the header is: "
            + ",".join(HEADER)
        )
    return [names.index(PERSONAS_1), names.index(PERSONAS_2)]
