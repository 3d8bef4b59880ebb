"""Rows that can't be read: counted by kind, the first ones kept to be shown."""

from __future__ import annotations

from collections import Counter

from duologue.datasets.records import Problem
from duologue.seeds.source import shorten

KEPT = 20
"""Problems kept in full."""


class BadRow(ValueError):
    """A row that can't be read; readers turn it into a :class:`Problem`."""

    def __init__(self, what: str, detail: object = "") -> None:
        super().__init__(what)
        self.what = what
        self.detail = shorten(str(detail)) if detail != "" else ""

    def at(self, row: int) -> Problem:
        """The problem of this row."""
        return Problem(row, self.what, self.detail)


class Problems:
    """What went wrong in one pass over a data set. Memory does not grow with the number of bad rows."""

    def __init__(self) -> None:
        self.by_what: Counter[str] = Counter()
        """Rows by kind of problem."""
        self.first: list[Problem] = []
        """The first :data:`KEPT` problems, in order."""

    def add(self, problem: Problem) -> None:
        """Count one more."""
        self.by_what[problem.what] += 1
        if len(self.first) < KEPT:
            self.first.append(problem)

    @property
    def total(self) -> int:
        """Rows that could not be read."""
        return self.by_what.total()

    def lines(self) -> list[str]:
        """One line a kind of problem, the most frequent first, each with the first row it was met in."""
        rows = {}
        for problem in reversed(self.first):
            rows[problem.what] = problem.row
        return [
            f"{n} {'row' if n == 1 else 'rows'} left out: {what}" + (f" (row {rows[what]})" if what in rows else "")
            for what, n in self.by_what.most_common()
        ]
