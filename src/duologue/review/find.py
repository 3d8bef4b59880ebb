"""Search, filters and pages over the index.

Every query goes through an index in the order of the list and reads no further than it must, so a page costs about the
same whether a thousand rows match or a million. What matches rarely is looked up the other way round, by its own index.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from duologue.review.index import shelf, words_of_shelf

PAGE = 50
"""Rows of one page."""
COUNTED = 1_000
"""Matches are counted up to here; beyond, the page says "more than"."""
LAST_PAGE = 100_000
_FEW = 10_000
"""Scores up to which they are looked up before rows."""

STAGES = ("conversation", "candidate", "pair", "profile", "attribute", "query", "seed")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. Empty fields don't filter."""

    stage: str = "conversation"
    iteration: int | None = None
    status: str = ""
    """accepted, rejected or failed."""
    by: str = ""
    """Who rejected it, or which step failed."""
    expert: str = ""
    passed: bool | None = None
    """The verdict of ``expert``."""
    low: float | None = None
    high: float | None = None
    """Bounds of the value that ``expert`` gave, both included."""
    text: str = ""
    """Words in utterances."""
    attribute: str = ""
    """Words in attributes."""
    hand: str = ""
    """accepted, edited, chosen, rejected or any: decided by hand."""
    page: int = 1

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Query:
        """From the fields of a form; what can't be understood does not filter."""
        stage = values.get("stage", "conversation")
        return cls(
            stage if stage in STAGES else "conversation",
            _whole(values.get("iteration")),
            _one_of(values.get("status"), ("accepted", "rejected", "failed")),
            values.get("by", "")[:100],
            values.get("expert", "")[:100],
            {"passed": True, "refused": False}.get(values.get("verdict", "")),
            _number(values.get("low")),
            _number(values.get("high")),
            values.get("text", "").strip()[:200],
            values.get("attribute", "").strip()[:200],
            _one_of(values.get("hand"), ("accepted", "edited", "chosen", "rejected", "any")),
            min(max(_whole(values.get("page")) or 1, 1), LAST_PAGE),
        )

    def link(self, page: int | None = None) -> str:
        """The query as the end of an address."""
        fields: dict[str, object] = {
            "stage": self.stage, "iteration": self.iteration, "status": self.status, "by": self.by, "expert": self.expert,
            "verdict": {None: "", True: "passed", False: "refused"}[self.passed], "low": self.low, "high": self.high,
            "text": self.text, "attribute": self.attribute, "hand": self.hand,
            "page": (self.page if page is None else page) or None,
        }  # fmt: skip
        return urlencode({k: v for k, v in fields.items() if v is not None and v != "" and (k, v) != ("page", 1)})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    n: int
    stage: str
    iteration: int
    status: str
    by: str
    name: str
    title: str
    turns: int
    score: float | None
    """Mean of the quality experts."""
    hand: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of matches."""

    rows: tuple[Row, ...]
    matches: int
    """At most ``COUNTED`` + 1."""
    first: int
    """Number of the first row, from 1."""

    @property
    def more(self) -> bool:
        """Whether a page follows."""
        return self.first - 1 + len(self.rows) < self.matches or (self.matches > COUNTED and len(self.rows) == PAGE)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A query in SQL: ``SELECT {key} FROM {tables} WHERE {where} ORDER BY {key}``."""

    key: str
    tables: str
    where: str
    values: tuple[object, ...]

    def numbers(self, connection: sqlite3.Connection, more: str = "", *values: object) -> list[int]:
        """The numbers of matching rows; ``more`` is what follows the conditions."""
        query = f"SELECT {self.key} FROM {self.tables} WHERE {self.where}{more}"  # noqa: S608
        return [n for (n,) in connection.execute(query, (*self.values, *values))]


def find(connection: sqlite3.Connection, query: Query) -> Page:
    """The page of ``query``."""
    plan = _plan(connection, query)
    if plan is None:
        return Page((), 0, 1)
    offset = (query.page - 1) * PAGE
    order = f" ORDER BY {plan.key} LIMIT ?"
    # Numbers first, from an index alone, as many as are counted; only one page's rows are then read in full.
    if offset + PAGE <= COUNTED + 1:
        found = plan.numbers(connection, order, COUNTED + 1)
        wanted, matches = found[offset : offset + PAGE], len(found)
    else:
        wanted = plan.numbers(connection, f"{order} OFFSET ?", PAGE, offset)
        matches = COUNTED + 1 if wanted else len(plan.numbers(connection, order, COUNTED + 1))
    marks = ", ".join("?" * len(wanted))
    rows = connection.execute(
        f'SELECT n, stage, iteration, status, "by", name, title, turns, score, hand FROM rows WHERE n IN ({marks})'  # noqa: S608
        " ORDER BY n",
        wanted,
    )
    return Page(tuple(Row(*row) for row in rows), matches, offset + 1)


def neighbours(connection: sqlite3.Connection, query: Query, n: int) -> tuple[int | None, int | None]:
    """The rows before and after row ``n`` among the matches."""
    plan = _plan(connection, query)
    if plan is None:
        return None, None
    before = plan.numbers(connection, f" AND {plan.key} < ? ORDER BY {plan.key} DESC LIMIT 1", n)
    after = plan.numbers(connection, f" AND {plan.key} > ? ORDER BY {plan.key} LIMIT 1", n)
    return before[0] if before else None, after[0] if after else None


def default_iteration(connection: sqlite3.Connection, stage: str) -> int | None:
    """The iteration shown unless one is asked for: the data set, or while there is none the newest."""
    # Two questions, because SQLite answers a single minimum or maximum from the index without a scan.
    first, last = (
        connection.execute(f"SELECT {end}(iteration) FROM rows WHERE stage = ?", (stage,)).fetchone()[0]  # noqa: S608
        for end in ("min", "max")
    )
    return None if first is None else 0 if first == 0 else int(last)


def last_iteration(connection: sqlite3.Connection) -> int:
    """The highest iteration of any stage."""
    query = "SELECT max(iteration) FROM rows WHERE stage = ?"
    return max(int(connection.execute(query, (stage,)).fetchone()[0] or 0) for stage in STAGES)


def words_of(text: str) -> list[str]:
    """The words of a search, as the full-text index has them."""
    return _WORD.findall(text)


def _plan(connection: sqlite3.Connection, query: Query) -> _Plan | None:
    """How to answer ``query``; None where nothing can match."""
    iteration = query.iteration if query.iteration is not None else default_iteration(connection, query.stage)
    name = shelf(query.stage, iteration or 0)
    place = connection.execute("SELECT id FROM shelves WHERE name = ?", (name,)).fetchone()
    if place is None:
        return None
    conditions: list[str] = []
    parameters: list[object] = []
    for column, wanted in (("r.status", query.status), ('r."by"', query.by)):
        if wanted:
            conditions.append(f"{column} = ?")
            parameters.append(wanted)
    if query.hand == "any":
        conditions.append("r.hand != ''")
    elif query.hand:
        conditions.append("r.hand != '' AND r.hand = ?")
        parameters.append(query.hand)
    if not query.expert and query.passed is not None:
        # Any of them. Naming all lets each be looked up by its key.
        conditions.append(
            "EXISTS (SELECT 1 FROM scores s WHERE s.expert IN (SELECT id FROM experts) AND s.n = r.n AND s.passed = ?)"
        )
        parameters.append(int(query.passed))
    if not query.expert and (query.low is not None or query.high is not None):
        conditions.append("r.score BETWEEN ? AND ?")
        parameters += _range(query)
    matches = [
        f"{column} : ({' AND '.join(_term(w, last=i == len(words) - 1) for i, w in enumerate(words))})"
        for column, words in (("talk", words_of(query.text)), ("attributes", words_of(query.attribute)))
        if words
    ]
    shelf_of = "r.stage = ? AND r.iteration = ?"
    rows = _Plan("r.n", "rows r", " AND ".join((shelf_of, *conditions)), (query.stage, iteration or 0, *parameters))
    few = bool(matches and conditions) and len(rows.numbers(connection, " LIMIT ?", _FEW + 1)) <= _FEW
    if query.expert:
        condition, more, few_scores = _expert(connection, query, int(place[0]))
        conditions.append(condition)
        few |= few_scores
        rows = replace(rows, where=f"{rows.where} AND {condition}", values=(*rows.values, *more))
    if matches:
        return _with_words(rows, words_of_shelf(name), " AND ".join(matches), few=few if conditions else None)
    return None if query.text or query.attribute else rows


def _with_words(rows: _Plan, table: str, words: str, *, few: bool | None) -> _Plan:
    """``rows`` with the condition that ``table`` holds the words. The words lead: their matches come in order.

    ``few``: whether few rows pass the other filters, None where there are none. Few are looked up first; a plus before a
    column keeps SQLite from asking the full-text index anew for each of them.
    """
    match = f"{table} MATCH ?"
    if few is None:
        return _Plan("w.rowid", f"{table} w", f"{match} AND +w.rowid NOT IN (SELECT n FROM gone)", (words,))  # noqa: S608
    if few:
        inner = f"SELECT r.n FROM {rows.tables} WHERE {rows.where}"  # noqa: S608
        return _Plan("w.rowid", f"{table} w", f"{match} AND +w.rowid IN ({inner})", (words, *rows.values))
    tables = f"{table} w CROSS JOIN rows r ON r.n = w.rowid"
    return _Plan("w.rowid", tables, f"{match} AND {rows.where}", (words, *rows.values))


def _range(query: Query) -> list[object]:
    return [-1e299 if query.low is None else query.low, 1e299 if query.high is None else query.high]


def _expert(connection: sqlite3.Connection, query: Query, place: int) -> tuple[str, list[object], bool]:
    """The condition on an expert's verdict and value, its parameters, and whether few rows can meet it.

    Few scores are looked up first, by an index of theirs; many are asked row by row, in order, because a page and its
    count are full long before all rows are gone through.
    """
    found = "expert = (SELECT id FROM experts WHERE name = ?) AND shelf = ?"
    parameters: list[object] = [query.expert, place]
    if query.low is not None or query.high is not None:
        found += " AND value BETWEEN ? AND ?"
        parameters += _range(query)
    if query.passed is not None:
        found += " AND passed = ?"
        parameters.append(int(query.passed))
    counted = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM scores WHERE {found} LIMIT ?)",  # noqa: S608
        (*parameters, _FEW + 1),
    ).fetchone()[0]
    if counted <= _FEW:
        return f"r.n IN (SELECT n FROM scores WHERE {found})", parameters, True  # noqa: S608
    return f"EXISTS (SELECT 1 FROM scores WHERE {found} AND scores.n = r.n)", parameters, False  # noqa: S608


def named(connection: sqlite3.Connection, name: str) -> int | None:
    """The row that an id leads to: of a pair's conversations the data set's, or while there is none the newest."""
    found = connection.execute(
        "SELECT n FROM rows WHERE name = ? ORDER BY stage = 'conversation' DESC, status = 'accepted' DESC,"
        " iteration = 0 DESC, iteration DESC LIMIT 1",
        (name,),
    ).fetchone()
    return None if found is None else int(found[0])


def _term(word: str, *, last: bool) -> str:
    return f'"{word}"' + ("*" if last and len(word) > 3 else "")


def _whole(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else None


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if -1e299 < number < 1e299 else None


def _one_of(value: str | None, known: tuple[str, ...]) -> str:
    return value if value in known else ""
