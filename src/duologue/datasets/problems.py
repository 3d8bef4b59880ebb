"""Rows that can't be read, or are out of form: counted by kind, the first ones kept to be shown."""

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
        self.irregular: Counter[str] = Counter()
        """Rows that are out of form and were read all the same, by what they have."""
        self.first_irregular: dict[str, int] = {}
        """The first such row of each kind."""

    def add(self, problem: Problem) -> None:
        """Count one more."""
        self.by_what[problem.what] += 1
        if len(self.first) < KEPT:
            self.first.append(problem)

    def note(self, row: int, what: str) -> None:
        """Count one more row that is out of form and was read all the same."""
        self.irregular[what] += 1
        self.first_irregular.setdefault(what, row)

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
            f"{_rows(n)} left out: {what}" + (f" (row {rows[what]})" if what in rows else "")
            for what, n in self.by_what.most_common()
        ]

    def irregular_lines(self) -> list[str]:
        """One line a kind of row that was read although it is out of form, each with the first such row."""
        return [
            f"{_rows(n)} out of form, read all the same: {what} (row {self.first_irregular[what]})"
            for what, n in self.irregular.most_common()
        ]


def _rows(n: int) -> str:
    return f"{n} {'row' if n == 1 else 'rows'}"
