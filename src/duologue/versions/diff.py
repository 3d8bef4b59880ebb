"""Two versions side by side: what came, what went, what changed, and how the figures moved."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from duologue.errors import UsageError
from duologue.records import Conversation, Profile
from duologue.report.summary import summarise
from duologue.store.reading import RunReader
from duologue.versions.diversity import Sample, distinct_2


@dataclass(frozen=True, slots=True)
class Change:
    """How many of one kind of thing came, went, changed and stayed."""

    what: str
    added: int
    removed: int
    changed: int
    """Same id, other content; of users: moved to another split."""
    kept: int


@dataclass(frozen=True, slots=True)
class Moved:
    """One figure in both versions. Shares are in [0, 1]."""

    figure: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Diff:
    """What ``duologue diff`` prints."""

    before: str
    after: str
    changes: tuple[Change, ...]
    figures: tuple[Moved, ...]

    def as_json(self) -> dict[str, object]:
        """Plain JSON value; the format of ``duologue diff --json``, version 1."""
        return {
            "version": 1,
            "before": self.before,
            "after": self.after,
            "changes": [
                {"what": c.what, "added": c.added, "removed": c.removed, "changed": c.changed, "kept": c.kept}
                for c in self.changes
            ],
            "figures": [
                {"figure": m.figure, "before": round(m.before, 4), "after": round(m.after, 4)} for m in self.figures
            ],
        }


def open_version(name: str) -> RunReader:
    """Open ``FOLDER`` (its latest version) or ``FOLDER@N`` (revision N). Raises UsageError, StoreError."""
    folder, at, number = name.rpartition("@")
    if not at or Path(name).is_dir():
        return RunReader(Path(name))
    if not re.fullmatch("[0-9]{1,9}", number):
        raise UsageError(f"{name}: write FOLDER, or FOLDER@N for its version N; duologue versions FOLDER lists them")
    return RunReader(Path(folder), int(number))


def diff(before: RunReader, after: RunReader) -> Diff:
    """Compare two versions, of one run folder or of two. Conversations are on disk, not in memory."""
    with _Table() as table:
        for side, reader in enumerate((before, after)):
            table.add(side, "conversation", ((c.id, _said(c)) for c in reader.conversations()))
            table.add(side, "user", _users(reader))
            table.add(side, "attribute", ((a, "") for a in _attributes(reader)))
        changes = tuple(table.change(kind) for kind in ("attribute", "user", "conversation"))
    one, other = (summarise(reader).data_set for reader in (before, after))
    figures = (
        Moved("conversations", one.conversations, other.conversations),
        *(
            Moved(f"conversations in {split}", one.splits.get(split, 0), other.splits.get(split, 0))
            for split in ("train", "valid", "test")
        ),
        Moved("utterances a conversation", one.utterances_mean, other.utterances_mean),
        Moved("conversations inside the asked length", one.inside_length, other.inside_length),
        Moved("distinct utterances", one.distinct_utterances, other.distinct_utterances),
        Moved("distinct openings", one.distinct_openings, other.distinct_openings),
        Moved("distinct-2", *distinct_2(*(Sample(_words(reader)) for reader in (before, after)))),
        Moved("attributes that came through", one.coverage, other.coverage),
    )
    return Diff(_name(before), _name(after), changes, figures)


def _name(reader: RunReader) -> str:
    return f"{reader.folder}@{reader.revision().id}"


def _said(conversation: Conversation) -> str:
    return "\n".join((conversation.candidate.pair.split, *conversation.candidate.utterances))


def _users(reader: RunReader) -> Iterator[tuple[str, str]]:
    for conversation in reader.conversations():
        pair = conversation.candidate.pair
        yield pair.user_1.id, pair.split
        yield pair.user_2.id, pair.split


def _attributes(reader: RunReader) -> Iterator[str]:
    for item in reader.items("profile", status="accepted"):
        yield from (a.id for a in item.record(Profile).attributes)


def _words(reader: RunReader) -> Iterator[tuple[str, tuple[str, ...]]]:
    return ((c.id, c.candidate.utterances) for c in reader.conversations())


class _Table:
    """Ids and contents of both sides in a temporary SQLite file, which spills to the disk."""

    def __enter__(self) -> _Table:
        self._connection = sqlite3.connect("")
        self._connection.execute(
            "CREATE TABLE things (side INTEGER, kind TEXT, id TEXT, content TEXT, PRIMARY KEY (side, kind, id)) WITHOUT ROWID"
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def add(self, side: int, kind: str, rows: Iterator[tuple[str, str]]) -> None:
        """Take one side's things; the first content of an id counts."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO things VALUES (?, ?, ?, ?)", ((side, kind, i, content) for i, content in rows)
        )

    def change(self, kind: str) -> Change:
        """Count what came and went."""
        both = "FROM things a JOIN things b ON b.side = 1 AND a.side = 0 AND a.kind = b.kind AND a.id = b.id WHERE a.kind = ?"
        same, shared = self._connection.execute(
            f"SELECT total(a.content = b.content), count(*) {both}", (kind,)
        ).fetchone()
        sizes = [
            self._connection.execute(
                "SELECT count(*) FROM things WHERE side = ? AND kind = ?", (side, kind)
            ).fetchone()[0]
            for side in (0, 1)
        ]
        return Change(kind, sizes[1] - shared, sizes[0] - shared, shared - int(same), int(same))
