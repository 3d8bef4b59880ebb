"""Cells that a spreadsheet would run as a formula, and how CSV files keep them harmless.

A cell that begins with ``=``, ``+``, ``-`` or ``@`` (plain or full-width), after blanks at most, is computed by Excel,
LibreOffice and Sheets when the file is opened. An apostrophe before it keeps it text. :func:`undone` takes back exactly what
:func:`defused` adds: a cell that already has apostrophes before such a sign gets one more, which is taken away again.
"""

from __future__ import annotations

import re

_RUNS = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_DEFUSED = re.compile(r"'+\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def defused(cell: str) -> str:
    """Return ``cell`` so that no spreadsheet computes it."""
    return "'" + cell if _RUNS.match(cell) else cell


def undone(cell: str) -> str:
    """Return the cell that :func:`defused` was given."""
    return cell[1:] if _DEFUSED.match(cell) else cell
