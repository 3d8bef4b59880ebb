"""A run folder as the source of a review, also while the run goes on."""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from duologue.conversations.generator.protocol import Task
from duologue.records import Comparison, Conversation, Verdict
from duologue.review.index import NO_VALUE, Entry, Index
from duologue.review.marks import renew
from duologue.review.source import Contender, Shown
from duologue.store.database import FILE_NAME, open_reader
from duologue.store.hand import FILE_NAME as HANDS
from duologue.store.hand import Hands, basis_of, nobody, read_hands
from duologue.store.reading import Count, Item, RunReader

_BATCH = 1_000
_COLUMNS = 'rowid, stage, iteration, item, status, "by", reason, data, position, seq, pass'


class RunSource:
    """The revision that was started last."""

    is_run = True

    def __init__(self, folder: Path) -> None:
        """Raises StoreError when the folder holds no run."""
        self.folder = folder
        self.name = folder.name or str(folder)
        self._local = threading.local()
        self._open: list[RunReader] = []
        self._version = -1
        with RunReader(folder) as reader:
            self._revision = reader.revision().id
            self.source = f"run {reader.revision().fingerprint}"
            self._config = reader.revision().config

    def _reader(self) -> RunReader:
        reader: RunReader | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = self._local.reader = RunReader(self.folder, self._revision)
            self._open.append(reader)
        return reader

    def _rows(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "rows", None)
        if connection is None:
            connection = self._local.rows = open_reader(self.folder / FILE_NAME)
        return connection

    def changed(self) -> bool:
        """See the Protocol: asks SQLite whether anyone has written since the last time."""
        version = int(self._rows().execute("PRAGMA data_version").fetchone()[0])
        if version == self._version:
            return False
        self._version = version
        return True

    def fill(self, index: Index, *, whole: bool) -> int:
        """See the Protocol."""
        connection = self._rows()
        hands = read_hands(self.folder / HANDS)
        if whole:
            known = index.marks()
            found = {r for (r,) in connection.execute("SELECT rowid FROM items WHERE revision = ?", (self._revision,))}
            if known:
                query = "SELECT rowid, seq, pass FROM items WHERE revision = ?"
                rows = connection.execute(query, (self._revision,))
                missing = sorted(rowid for rowid, seq, pass_ in rows if known.get(rowid) != f"{seq}.{pass_}")
            else:
                # The key's index alone, not the rows: they are read soon enough.
                missing = sorted(found)
            index.drop([rowid for rowid in known if rowid not in found] + [r for r in missing if r in known])
            index.progress.done, index.progress.total = len(found) - len(missing), len(found)
        else:
            last, mark = index.last_source()
            newest = connection.execute(
                "SELECT rowid, seq, pass FROM items WHERE revision = ? AND rowid >= ? ORDER BY rowid",
                (self._revision, last),
            ).fetchall()
            # SQLite gives the number of the last row again when that row is replaced.
            missing = [rowid for rowid, seq, pass_ in newest if rowid > last or f"{seq}.{pass_}" != mark]
            if last in missing:
                index.drop([last])
            index.progress.total = index.progress.done + len(missing)
        for start in range(0, len(missing), _BATCH):
            if index.stop():
                break
            rowids = missing[start : start + _BATCH]
            marks = ", ".join("?" * len(rowids))
            rows = connection.execute(f"SELECT {_COLUMNS} FROM items WHERE rowid IN ({marks}) ORDER BY rowid", rowids)  # noqa: S608
            entries = [self._entry(row, hands) for row in rows.fetchall()]
            if not whole:
                # A run that goes on records anew what it recalls, which gives new rows and takes the old ones away.
                index.drop(index.replaced(entries))
            index.take(entries)
        if whole:
            renew(index, self, self.folder / HANDS)
        return len(missing)

    def _entry(self, row: tuple[Any, ...], hands: Hands) -> Entry:
        rowid, stage, iteration, item, status, by, reason, data, position, seq, pass_ = row
        value = None if data is None else orjson.loads(data)
        name, hand = item, ""
        attributes: list[str] = []
        talk: list[str] = []
        scores: list[tuple[str, str, bool, float]] = []
        if stage == "conversation":
            name = "c-" + item.removeprefix("p-")
            if isinstance(value, Mapping) and "candidate" in value:
                candidate = value["candidate"]
                attributes, talk = _pair_texts(candidate["pair"]), list(candidate["utterances"])
                scores = [(v["expert"], v["kind"], bool(v["passed"]), _number(v["value"])) for v in value["verdicts"]]
            found = hands.get((name, basis_of(talk)))
            hand = found.mark if found else ""
        elif stage == "candidate":
            talk = list(value.get("utterances") or ()) if isinstance(value, Mapping) else []
            scores = [
                (expert, kind, bool(passed), _number(number))
                for expert, kind, passed, number in self._rows().execute(
                    "SELECT expert, kind, passed, value FROM verdicts WHERE revision = ? AND candidate = ?",
                    (self._revision, item),
                )
            ]
        elif isinstance(value, Mapping):
            attributes = _texts(value)
        title = (
            talk[0] if talk else " · ".join(attributes) or (value if isinstance(value, str) else "") or reason or item
        )
        return Entry(
            stage, iteration, status, by, item, name, title[:200], rowid, f"{seq}.{pass_}",
            rowid if position is None else position, len(talk), attributes, talk, scores, hand,
        )  # fmt: skip

    def conversation(self, index: Index, n: int) -> Shown | None:
        """See the Protocol. A candidate is shown as a conversation of its own, a pair without a winner without utterances."""
        row = index.reader().execute("SELECT stage, iteration, item FROM rows WHERE n = ?", (n,)).fetchone()
        if row is None:
            return None
        stage, iteration, item = row
        if stage == "candidate":
            return self._as_conversation(iteration, item)
        if stage != "conversation":
            return None
        for found in self._reader().items("conversation", iteration=iteration, item=item):
            return self._shown(found)
        return None

    def _shown(self, found: Item) -> Shown | None:
        if found.data is not None:
            made = found.record(Conversation)
        else:
            pair = self._reader().pair(found.item)
            if pair is None:
                return None
            made = nobody(pair)
        speakers = _turns(len(made.candidate.utterances))
        return Shown(made, found.iteration, found.status, found.by, found.reason, speakers)

    def item(self, n: int, index: Index) -> tuple[tuple[str, str], ...]:
        """What is stored of any row, as names and texts."""
        row = index.reader().execute("SELECT stage, iteration, item FROM rows WHERE n = ?", (n,)).fetchone()
        if row is None:
            return ()
        for found in self._reader().items(row[0], iteration=row[1], item=row[2]):
            pairs = [("stage", found.stage), ("iteration", str(found.iteration)), ("id", found.item)]
            pairs += [("status", found.status), ("by", found.by), ("reason", found.reason)]
            value = found.value()
            if value is not None:
                pairs.append(("content", orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()))
            return tuple(pairs)
        return ()

    def _as_conversation(self, iteration: int, item: str) -> Shown | None:
        for found in self._reader().items("candidate", iteration=iteration, item=item):
            made = self._reader().judged(found)
            if made is None:
                return None
            speakers = _turns(len(made.candidate.utterances))
            return Shown(made, iteration, found.status, found.by, found.reason, speakers)
        return None

    def contenders(self, shown: Shown) -> tuple[Contender, ...]:
        """See the Protocol. They are looked up by their ids, which follow from the pair."""
        reader, winner = self._reader(), self.winner(shown)
        own = winner.conversation.candidate.id if winner else ""
        found = []
        for task in self._tasks(shown):
            for item in reader.items("candidate", iteration=task.iteration, item=task.id):
                value = item.value()
                said = tuple(value.get("utterances") or ()) if isinstance(value, Mapping) else ()
                here = task.id == shown.conversation.candidate.id
                found.append(Contender(
                    task.id, task.iteration, task.attempt, task.sample, item.status, item.by, item.reason, said,
                    reader.verdicts(task.id), here, task.id == own,
                ))  # fmt: skip
        return tuple(found)

    def winner(self, shown: Shown) -> Shown | None:
        """See the Protocol: that of the data set, or while the run goes on the newest."""
        found = self._reader().standing(shown.conversation.candidate.pair.id)
        return None if found is None else self._shown(found)

    def candidate(self, shown: Shown, name: str) -> Conversation | None:
        """See the Protocol."""
        task = next((t for t in self._tasks(shown) if t.id == name), None)
        found = None if task is None else self._as_conversation(task.iteration, name)
        if found is None:
            return None
        made, winner = found.conversation, self.winner(shown)
        length = winner.conversation.candidate.length if winner else (0, 0)
        if not any(length):
            least, most = self._section("generator").get("utterances") or length
            length = least, most
        compared = self._reader().comparisons(made.candidate.pair.id, made.candidate.iteration)
        return replace(made, candidate=replace(made.candidate, length=length), votes=share_of_votes(compared, name))

    def _tasks(self, shown: Shown) -> Iterator[Task]:
        """What the run was to write for a pair."""
        pair, loop, generator = shown.conversation.candidate.pair, self._section("loop"), self._section("generator")
        for iteration in range(1, int(loop.get("iterations", 1)) + 1):
            for attempt in range(int(loop.get("regenerations", 0)) + 1):
                for sample in range(int(generator.get("candidates", 1))):
                    yield Task(pair, iteration, attempt, sample, (), (0, 0), 0)

    def comparisons(self, shown: Shown) -> tuple[Comparison, ...]:
        """See the Protocol."""
        candidate = shown.conversation.candidate
        return self._reader().comparisons(candidate.pair.id, shown.iteration or candidate.iteration)

    def verdicts(self, candidate: str) -> tuple[Verdict, ...]:
        """All verdicts on a candidate."""
        return self._reader().verdicts(candidate)

    def counts(self) -> Sequence[Count]:
        """See the Protocol. Goes through all items: for the background, not for a page."""
        return self._reader().counts()

    def state(self) -> str:
        """See the Protocol."""
        row = self._rows().execute("SELECT state FROM revisions WHERE id = ?", (self._revision,)).fetchone()
        return str(row[0]) if row else "failed"

    def conversations(self) -> Iterator[Shown]:
        """See the Protocol."""
        with RunReader(self.folder, self._revision) as reader:
            for made in reader.conversations():
                yield Shown(made, 0, "accepted", "", "", _turns(len(made.candidate.utterances)))

    def close(self) -> None:
        """See the Protocol."""
        for reader in self._open:
            reader.close()
        self._open.clear()

    def _section(self, name: str) -> Mapping[str, Any]:
        section = self._config.get(name)
        return section if isinstance(section, Mapping) else {}


def share_of_votes(comparisons: Sequence[Comparison], candidate: str) -> float:
    """Share of the votes in its duels that a candidate won, in [0, 1]; an expert that is not of one mind counts half."""
    named: dict[tuple[str, str], set[str]] = {}
    for c in comparisons:
        if candidate in (c.first, c.second):
            other = c.second if c.first == candidate else c.first
            chosen = {"first": c.first, "second": c.second}.get(c.winner, "")
            named.setdefault((c.expert, other), set()).add(chosen)
    votes = [0.5 if len(v) != 1 or "" in v else float(candidate in v) for v in named.values()]
    return sum(votes) / len(votes) if votes else 0.0


def _turns(length: int) -> tuple[int, ...]:
    return tuple(i % 2 + 1 for i in range(length))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not math.isnan(value) else NO_VALUE


def _pair_texts(pair: Mapping[str, Any]) -> list[str]:
    return [a["text"] for user in ("user_1", "user_2") for a in pair[user]["attributes"]]


def _texts(value: Mapping[str, Any]) -> list[str]:
    """The texts of an attribute, profile, pair or query."""
    if "user_1" in value and "user_2" in value:
        return _pair_texts(value)
    held = value.get("attributes")
    if isinstance(held, list) and held and isinstance(held[0], Mapping):
        return [str(a.get("text", "")) for a in held]
    return [str(value[key]) for key in ("text", "query") if value.get(key)]
