"""Studies in ``review.sqlite``: making them, handing out tasks, taking answers."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from duologue.errors import StoreError, UsageError
from duologue.records import make_id
from duologue.review.study.assemble import assemble
from duologue.review.study.assign import assign
from duologue.review.study.records import Answer, Plan, Study, Task
from duologue.store.codec import encode

if TYPE_CHECKING:
    from duologue.review.database import ReviewDatabase

_TASK = "t.id, t.kind, t.gold, t.shown, t.hidden, t.words"


@dataclass(frozen=True, slots=True)
class Seat:
    """One annotator's place in a study."""

    study: str
    annotator: str
    token: str
    total: int
    answered: tuple[int, ...]
    """Positions that have an answer, ascending; positions count from 1."""

    @property
    def next(self) -> int | None:
        """The first position without an answer; None when all have one."""
        return self.after(0)

    def after(self, position: int) -> int | None:
        """The first position without an answer behind ``position``, going round; None when all have one."""
        done = set(self.answered)
        order = [*range(position + 1, self.total + 1), *range(1, position + 1)]
        return next((p for p in order if p not in done), None)


class StudyStore:
    """The studies of one review file."""

    def __init__(self, database: ReviewDatabase) -> None:
        self._database = database

    def ensure(self, plan: Plan, tell: Callable[[str], None] = lambda _: None) -> str:
        """Make the study of a plan, unless it is there already; return its id.

        ``tell`` is called with what of the data sets is left out. Raises UsageError where the data sets or annotators don't fit the plan.
        """
        id_ = make_id("s", encode(plan).decode())
        if self._database.reader().execute("SELECT 1 FROM studies WHERE id = ?", (id_,)).fetchone():
            self._database.write(_statement("UPDATE studies SET made = ? WHERE id = ?", (time.time(), id_)))
            return id_
        tasks = assemble(plan, tell)
        order = assign(plan, tasks)

        def job(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO studies VALUES (?, ?, ?)", (id_, encode(plan).decode(), time.time()))
            connection.executemany(
                "INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (id_, t.id, t.kind, t.gold, encode(t.shown).decode(), encode(t.hidden).decode(), t.words)
                    for t in tasks
                ],
            )
            for name, own in order.items():
                connection.execute("INSERT INTO annotators VALUES (?, ?, ?)", (secrets.token_urlsafe(24), id_, name))
                connection.executemany(
                    "INSERT INTO assignments VALUES (?, ?, ?, ?)",
                    [(id_, name, i, task) for i, task in enumerate(own, 1)],
                )

        self._database.write(job)
        return id_

    def latest(self) -> str | None:
        """The id of the study that was asked for last."""
        row = (
            self._database.reader().execute("SELECT id FROM studies ORDER BY made DESC, rowid DESC LIMIT 1").fetchone()
        )
        return None if row is None else str(row[0])

    def all(self) -> tuple[tuple[str, Plan], ...]:
        """Every study, the newest first."""
        rows = self._database.reader().execute("SELECT id, plan FROM studies ORDER BY made DESC, rowid DESC")
        return tuple((id_, _plan(plan)) for id_, plan in rows)

    def links(self, study: str) -> tuple[tuple[str, str], ...]:
        """(name, token) of each annotator."""
        rows = self._database.reader().execute(
            "SELECT name, token FROM annotators WHERE study = ? ORDER BY rowid", (study,)
        )
        return tuple(rows)

    def seat(self, token: str) -> Seat | None:
        """The place of whoever has this link; None where nobody has."""
        reader = self._database.reader()
        row = reader.execute("SELECT study, name FROM annotators WHERE token = ?", (token,)).fetchone()
        if row is None:
            return None
        total = reader.execute("SELECT count(*) FROM assignments WHERE study = ? AND annotator = ?", row).fetchone()[0]
        done = reader.execute(
            "SELECT position FROM assignments a WHERE study = ? AND annotator = ? AND EXISTS (SELECT 1 FROM answers n"
            " WHERE n.study = a.study AND n.annotator = a.annotator AND n.task = a.task) ORDER BY position",
            row,
        )
        return Seat(row[0], row[1], token, int(total), tuple(p for (p,) in done))

    def task(self, seat: Seat, position: int) -> Task | None:
        """The task at a position of a seat; None where there is none."""
        row = (
            self._database.reader()
            .execute(
                f"SELECT {_TASK} FROM assignments a JOIN tasks t ON t.study = a.study AND t.id = a.task"  # noqa: S608
                " WHERE a.study = ? AND a.annotator = ? AND a.position = ?",
                (seat.study, seat.annotator, position),
            )
            .fetchone()
        )
        return None if row is None else _task(row)

    def given(self, seat: Seat, task: Task) -> Any:
        """The seat's newest answer to a task, or None."""
        row = (
            self._database.reader()
            .execute(
                "SELECT answer FROM answers WHERE study = ? AND annotator = ? AND task = ? ORDER BY id DESC LIMIT 1",
                (seat.study, seat.annotator, task.id),
            )
            .fetchone()
        )
        return None if row is None else orjson.loads(row[0])

    async def showing(self, seat: Seat, task: Task) -> None:
        """Note when a task was first shown to a seat, for the speed check."""
        row = (seat.study, seat.annotator, task.id, time.time())
        known = self._database.reader().execute(
            "SELECT 1 FROM showings WHERE study = ? AND annotator = ? AND task = ?", row[:3]
        ).fetchone()  # fmt: skip
        if known is None:
            job = _statement("INSERT OR IGNORE INTO showings VALUES (?, ?, ?, ?)", row)
            await asyncio.wrap_future(self._database.submit(job))

    async def answer(self, seat: Seat, task: Task, value: Any) -> None:
        """Add an answer; it is on the disk when this returns. The same answer again adds nothing."""
        key, at = (seat.study, seat.annotator, task.id), time.time()
        text = orjson.dumps(value).decode()

        def job(connection: sqlite3.Connection) -> None:
            newest = connection.execute(
                "SELECT answer FROM answers WHERE study = ? AND annotator = ? AND task = ? ORDER BY id DESC LIMIT 1",
                key,
            ).fetchone()
            if newest == (text,):
                return
            shown = connection.execute(
                "SELECT at FROM showings WHERE study = ? AND annotator = ? AND task = ?", key
            ).fetchone()
            seconds = at - shown[0] if shown else 0.0
            connection.execute(
                "INSERT INTO answers (study, annotator, task, answer, seconds, at) VALUES (?, ?, ?, ?, ?, ?)",
                (*key, text, seconds, at),
            )

        await asyncio.wrap_future(self._database.submit(job))

    def study(self, id_: str) -> Study:
        """A study with all its answers. Raises UsageError when there is none."""
        return read_study(self._database.reader(), id_)


def read_study(connection: sqlite3.Connection, id_: str) -> Study:
    """A study from an open review file. Raises UsageError when it has none of this id."""
    row = connection.execute("SELECT plan FROM studies WHERE id = ?", (id_,)).fetchone()
    if row is None:
        raise UsageError(f"there is no evaluation {id_[:40]}; see the page of evaluations")
    tasks = connection.execute(f"SELECT {_TASK} FROM tasks t WHERE study = ?", (id_,))  # noqa: S608
    answers = connection.execute(
        "SELECT task, annotator, answer, seconds, at FROM answers WHERE id IN (SELECT max(id) FROM answers WHERE study = ?"
        " GROUP BY annotator, task) ORDER BY id",
        (id_,),
    )
    assigned = connection.execute(
        "SELECT n.name, count(a.task) FROM annotators n LEFT JOIN assignments a ON a.study = n.study AND a.annotator = n.name"
        " WHERE n.study = ? GROUP BY n.name ORDER BY n.rowid",
        (id_,),
    )
    return Study(
        id_,
        _plan(row[0]),
        {task.id: task for task in map(_task, tasks)},
        tuple(Answer(task, who, orjson.loads(value), seconds, at) for task, who, value, seconds, at in answers),
        dict(assigned.fetchall()),
    )


def read_studies(path: Path) -> tuple[Study, ...]:
    """Every study of a review file, the newest first, also while the review is served; none where there is no file.

    Raises StoreError when the file can't be read.
    """
    if not path.is_file():
        return ()
    try:
        connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=30)
        try:
            ids = connection.execute("SELECT id FROM studies ORDER BY made DESC, rowid DESC").fetchall()
            return tuple(read_study(connection, id_) for (id_,) in ids)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreError(f"{path}: the review can't be read ({error}); is it a file of duologue review?") from error


def _statement(sql: str, values: Sequence[object]) -> Callable[[sqlite3.Connection], None]:
    def job(connection: sqlite3.Connection) -> None:
        connection.execute(sql, values)

    return job


def _task(row: Sequence[Any]) -> Task:
    return Task(row[0], row[1], bool(row[2]), orjson.loads(row[3]), orjson.loads(row[4]), int(row[5]))


def _plan(text: str) -> Plan:
    values = orjson.loads(text)
    return Plan(**{**values, "kinds": tuple(values["kinds"]), "annotators": tuple(values["annotators"])})


def plan_json(plan: Plan) -> dict[str, Any]:
    """A plan as plain values."""
    return asdict(plan)
