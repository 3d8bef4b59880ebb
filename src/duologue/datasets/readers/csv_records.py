"""Records of a CSV file that may hold broken ones: each broken record costs itself and no other."""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from duologue.datasets.readers.text import MAX_LINE

_Cells = list[str]
_Whole = Callable[[_Cells], bool]
_limit = threading.Lock()


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let a cell be as long as a line that is held. The limit is the whole process's, so it is put back."""
    with _limit:
        before = csv.field_size_limit()
        csv.field_size_limit(max(before, MAX_LINE))
        try:
            yield
        finally:
            csv.field_size_limit(before)


class CsvRecords:
    """Iterates over the records of physical lines, blank ones left out; a broken record comes as the csv.Error it is.

    After a broken record, reading goes on at the first line that begins another one: one from which a whole record
    parses (``whole`` says so of its cells), or the line on which the error showed, when it opens a cell by itself. What
    lies between belongs to the broken record.
    """

    def __init__(self, lines: Iterator[str], whole: _Whole) -> None:
        self._lines = lines
        # Lines that were read, and how many of them are done with: any of a long broken record is at hand at once.
        self._ahead: list[str] = []
        self._done = 0
        self._whole = whole

    def __iter__(self) -> Iterator[_Cells | csv.Error]:
        while self._line(0) is not None:
            cells, error, read = self._parse(0)
            if error is not None:
                self._drop(self._next(read))
                yield error
            else:
                self._drop(read)
                if any(cell.strip() for cell in cells):
                    yield cells

    def _next(self, read: int) -> int:
        """How many lines the broken record takes. ``read``: those up to the one on which its error showed."""
        start = 1
        while (line := self._line(start)) is not None:
            # A quote in a cell that began without one: the line is the rest of a quoted cell.
            if line.startswith('"') or '"' not in line.partition(",")[0]:
                cells, error, more = self._parse(start)
                if error is None and self._whole(cells):
                    return start
                if error is not None and start == read - 1 and more > 1:
                    return start
            start += 1
        return start

    def _parse(self, start: int) -> tuple[_Cells, csv.Error | None, int]:
        """The cells or the error of the record that begins so many lines ahead, and the lines that were read for it."""
        read = 0

        def ahead() -> Iterator[str]:
            nonlocal read
            while (line := self._line(start + read)) is not None:
                read += 1
                yield line

        try:
            with _long_cells():
                return next(csv.reader(ahead(), strict=True), []), None, read
        except csv.Error as error:
            # Where the file ends within a cell, no line shows the error.
            return [], error, read + (self._line(start + read) is None and "end of data" in str(error))

    def _line(self, place: int) -> str | None:
        place += self._done
        while len(self._ahead) <= place:
            line = next(self._lines, None)
            if line is None:
                return None
            self._ahead.append(line)
        return self._ahead[place]

    def _drop(self, lines: int) -> None:
        self._done = min(self._done + lines, len(self._ahead))
        if 2 * self._done > len(self._ahead):
            del self._ahead[: self._done]
            self._done = 0
