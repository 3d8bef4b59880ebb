"""A data set file as the source of a review: profiles and talk, and where its rows hold them, evidence and verdicts."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from duologue.datasets import DataSet, Dialogue, open_dataset
from duologue.datasets.native import FINDER, conversation_of
from duologue.datasets.problems import Problems
from duologue.datasets.protocol import Reader
from duologue.datasets.readers.jsonl import JsonlReader
from duologue.datasets.readers.parquet import ParquetReader, parquet_files
from duologue.errors import UsageError
from duologue.records import Attribute, Candidate, Comparison, Conversation, Evidence, Pair, Profile, Verdict
from duologue.review.index import NO_VALUE, Entry, Index
from duologue.review.marks import renew
from duologue.review.source import Contender, Shown
from duologue.seeds.hub import PREFIX
from duologue.store.codec import clean, encode, of_plain
from duologue.store.hand import Hands, applied, basis_of, read_hands
from duologue.store.reading import Count

_BATCH = 1_000
_PROBLEMS = "problems"
"""Under which name the index keeps what can't be read."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Rows of a file that can't be read and stand in no list."""

    total: int
    kinds: tuple[tuple[str, int], ...]
    """What is wrong and of how many rows, the most frequent first."""
    first: tuple[tuple[int, str, str], ...]
    """The first of them, at most 20: row from 1, what is wrong, and the part that shows it."""


class FileSource:
    """Any data set that ``duologue.datasets`` reads."""

    is_run = False

    def __init__(self, path: Path) -> None:
        """Raises UsageError when there is no such data set, or it is none of this machine."""
        if str(path).startswith(PREFIX):
            raise UsageError(
                f"{path}: a review is of data on this machine; save the data set as Parquet or JSON lines and name that file"
            )
        self._data = _opened(path)
        self._path = path
        self.name = path.name
        # Of a folder, the files that are read: what lies beside them, a review's own for one, changes nothing.
        files = parquet_files(path) if path.is_dir() else [path]
        states = [(file.relative_to(path).as_posix(), file.stat()) for file in files]
        said = "|".join(f"{name} {state.st_size} {state.st_mtime_ns}" for name, state in states)
        self.source = f"file {hashlib.sha256(said.encode('utf-8', 'surrogateescape')).hexdigest()}"

    def changed(self) -> bool:
        """See the Protocol. A file is read once."""
        return False

    def fill(self, index: Index, *, whole: bool) -> int:
        """See the Protocol."""
        from duologue.review.database import place_of

        if not whole:
            return 0
        last, taken = index.last_source()[0], 0
        index.progress.done = last
        hands = read_hands(place_of(self._path))
        batch: list[Entry] = []
        # A data set of its own, for what is wrong with the rows belongs to one pass over them.
        data = _opened(self._path)
        try:
            for row, dialogue in enumerate(data, 1):
                if row <= last:
                    continue
                batch.append(_entry(row, dialogue, hands))
                if len(batch) >= _BATCH:
                    index.take(batch)
                    taken += len(batch)
                    batch.clear()
                    _note(index, data.problems)
                    if index.stop():
                        return taken
            index.take(batch)
        finally:
            # Also of a file of which not one row can be read.
            _note(index, data.problems)
        index.progress.total = index.progress.done
        renew(index, self, place_of(self._path))
        return taken + len(batch)

    def unreadable(self, index: Index) -> Unreadable:
        """The rows of the file that can't be read, as far as it was gone through."""
        kept = index.meta(_PROBLEMS)
        return Unreadable(0, (), ()) if kept is None else of_plain(Unreadable, orjson.loads(kept))

    def conversation(self, index: Index, n: int) -> Shown | None:
        """See the Protocol. Evidence that was looked for on demand is there as well."""
        row = index.reader().execute("SELECT data FROM rows WHERE n = ?", (n,)).fetchone()
        if row is None:
            return None
        shown = _shown(orjson.loads(zlib.decompress(row[0])))
        found = index.found(n)
        return shown if found is None else with_evidence(shown, of_plain(tuple[Evidence, ...], orjson.loads(found)))

    def contenders(self, shown: Shown) -> tuple[Contender, ...]:
        """See the Protocol: none."""
        return ()

    def winner(self, shown: Shown) -> Shown | None:
        """See the Protocol: the conversation itself."""
        return shown

    def candidate(self, shown: Shown, name: str) -> Conversation | None:
        """See the Protocol: none."""
        return None

    def comparisons(self, shown: Shown) -> tuple[Comparison, ...]:
        """See the Protocol: none."""
        return ()

    def counts(self) -> Sequence[Count]:
        """See the Protocol: none."""
        return ()

    def state(self) -> str:
        """See the Protocol."""
        return "file"

    def conversations(self) -> Iterator[Shown]:
        """See the Protocol."""
        from duologue.review.database import place_of

        hands = read_hands(place_of(self._path))
        for dialogue in self._data:
            shown = _shown(_plain(dialogue))
            kept = applied(shown.conversation, hands)
            if kept is not None:
                yield replace(shown, conversation=kept)

    def close(self) -> None:
        """See the Protocol: nothing is open."""


def _note(index: Index, problems: Problems) -> None:
    first = tuple((p.row, p.what, p.detail) for p in problems.first)
    found = Unreadable(problems.total, tuple(problems.by_what.most_common()), first)
    index.set_meta(_PROBLEMS, encode(found).decode())


def with_evidence(shown: Shown, evidence: tuple[Evidence, ...]) -> Shown:
    """``shown`` with evidence, as if the Critic had found it."""
    made = Verdict(FINDER, "filter", math.nan, True, "looked for on this page; no verdict of a run", evidence)
    return replace(shown, conversation=replace(shown.conversation, verdicts=(made,)))


def can_look(shown: Shown) -> bool:
    """Whether evidence can be looked for: two profiles, and speakers who take turns, user 1 first."""
    pair = shown.conversation.candidate.pair
    turns = all(speaker == i % 2 + 1 for i, speaker in enumerate(shown.speakers))
    return turns and bool(pair.user_1.attributes or pair.user_2.attributes)


def _opened(path: Path) -> DataSet:
    found = open_dataset(path)
    # The same readers, asked for the columns that other commands have no use for.
    whole: dict[str, Reader] = {"jsonl": JsonlReader(whole=True), "parquet": ParquetReader(whole=True)}
    return DataSet(found.source, whole[found.format]) if found.format in whole else found


def _plain(dialogue: Dialogue) -> dict[str, Any]:
    row = dialogue.row
    index = dialogue.provenance.row - 1
    return {
        "id": dialogue.id,
        "user_1": dialogue.user_1,
        "user_2": dialogue.user_2,
        "utterances": [u.text for u in dialogue.utterances],
        "speakers": [u.speaker for u in dialogue.utterances],
        "split": dialogue.split,
        "model": dialogue.provenance.model,
        "row": dialogue.provenance.row,
        "native": row if row is not None and conversation_of(row, index) is not None else None,
    }


def _entry(row: int, dialogue: Dialogue, hands: Hands) -> Entry:
    plain = _plain(dialogue)
    talk = [clean(u.text) for u in dialogue.utterances]
    found = hands.get((_name(dialogue.id), basis_of(talk)))
    verdicts = _shown(plain).conversation.verdicts
    scores = [(v.expert, v.kind, v.passed, NO_VALUE if math.isnan(v.value) else v.value) for v in verdicts]
    return Entry(
        "conversation", 0, "accepted", dialogue.split, dialogue.id, _name(dialogue.id), talk[0][:200], row, "1", row,
        len(talk), tuple(map(clean, (*dialogue.user_1, *dialogue.user_2))), talk, scores, found.mark if found else "",
        zlib.compress(encode(plain), 1),
    )  # fmt: skip


def _name(id_: str) -> str:
    """Ids of a run keep their name; others get it from the conversation that stands for them."""
    return "c-" + id_.removeprefix("c-")


def _shown(value: dict[str, Any]) -> Shown:
    speakers: tuple[int, ...] = tuple(value["speakers"])
    index = int(value["row"]) - 1
    native = value.get("native")
    made = None if native is None else conversation_of(native, index)
    if made is not None:
        return Shown(made, 0, "accepted", "", "", speakers)

    def profile(key: str) -> Profile:
        return Profile.of(tuple(Attribute.of(text) for text in value[key]), "given")

    id_ = "p-" + str(value["id"]).removeprefix("c-")
    split = value["split"] if value["split"] in ("train", "valid", "test") else "train"
    pair = Pair(id_, index, profile("user_1"), profile("user_2"), split=split)  # type: ignore[arg-type]
    candidate = Candidate("", pair, 0, 0, 0, tuple(value["utterances"]), "whole", str(value["model"]), "", 0)
    own = str(value["id"]), str(value["split"])
    return Shown(Conversation(candidate, (), 1.0), 0, "accepted", "", "", speakers, own)
