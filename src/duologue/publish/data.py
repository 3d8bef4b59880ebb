"""The data files of a published folder: Parquet, split by split and in shards, written in one pass over the run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import orjson

from duologue.export.parquet import ParquetSink
from duologue.export.rows import Row, row_of
from duologue.export.splits import SPLITS, Split
from duologue.records import Conversation

SHARD = 100_000
"""Most conversations of one file."""
HUB_NAMES: dict[Split, str] = {"train": "train", "valid": "validation", "test": "test"}
"""What the hub calls the splits."""

_DIGIT = re.compile(r"\d")
# What any find holds, which is quickly looked for, and the pattern itself.
_PERSONAL: dict[str, tuple[re.Pattern[str], re.Pattern[str]]] = {
    "e-mail address": (re.compile("@"), re.compile(r"[\w.+-]+@[\w-]+\.[A-Za-z]{2,}")),
    "telephone number": (
        _DIGIT,
        re.compile(r"(?<![\w.])\+?\(?\d{2,4}\)?[ .-]?\d{3}[ .-]?\d{3,4}(?:[ .-]?\d{2,4})?(?![\w])"),
    ),
    "web address": (re.compile("://|www"), re.compile(r"https?://|\bwww\.\w")),
    "payment card or account number": (
        _DIGIT,
        re.compile(r"\b(?:\d[ -]?){15,18}\d\b|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,}\b"),
    ),
}


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What was written."""

    files: dict[Split, tuple[str, ...]]
    """By split, in order of the splits: the files, as ``data/train-00000-of-00001.parquet``."""
    counts: dict[Split, int]
    """Conversations of each split that has any."""
    bytes: int
    personal: dict[str, int]
    """Conversations in which a text looks like personal data, by kind; kinds that were not met have 0."""
    example: Conversation | None
    """The first conversation."""
    hands: dict[str, int]
    """Conversations that people accepted, edited or chose in a review."""
    content: str
    """Hash over all conversations; see :class:`Content`."""

    @property
    def total(self) -> int:
        """Conversations in all."""
        return sum(self.counts.values())


class Content:
    """A SHA-256 over what is published of each conversation, in order. Same rows, same 64 hex digits."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, row: Row) -> None:
        """Take one more, as its native row."""
        self._digest.update(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

    def hash(self) -> str:
        """The hash of what was taken."""
        return self._digest.hexdigest()


def content_of(conversations: Iterable[Conversation]) -> str:
    """The hash of the conversations; goes through them once."""
    content = Content()
    for conversation in conversations:
        content.add(row_of(conversation))
    return content.hash()


def write_data(conversations: Iterable[Conversation], folder: Path) -> DataFacts:
    """Write ``folder/data``. Memory holds one row group a split. Raises UsageError without ``pyarrow``."""
    (folder / "data").mkdir()
    shards: dict[Split, list[Path]] = {}
    counts: dict[Split, int] = {}
    personal = dict.fromkeys(_PERSONAL, 0)
    hands = dict.fromkeys(("accepted", "edited", "chosen"), 0)
    example: Conversation | None = None
    content = Content()
    with ExitStack() as stack:
        sinks: dict[Split, ParquetSink] = {}
        for conversation in conversations:
            split = conversation.candidate.pair.split
            example = example or conversation
            if split not in sinks or sinks[split].count >= SHARD:
                if split in sinks:
                    sinks[split].close()
                # The number of shards is not known yet, so they get their names at the end.
                path = folder / "data" / f".{split}-{len(shards.get(split, []))}"
                shards.setdefault(split, []).append(path)
                sinks[split] = stack.enter_context(ParquetSink(path))
            row = row_of(conversation)
            sinks[split].add_row(row)
            content.add(row)
            counts[split] = counts.get(split, 0) + 1
            if conversation.hand in hands:
                hands[conversation.hand] += 1
            for kind in _kinds(conversation):
                personal[kind] += 1
    files = {split: tuple(_named(shards[split], HUB_NAMES[split])) for split in SPLITS if split in shards}
    size = sum((folder / name).stat().st_size for names in files.values() for name in names)
    found = {s: counts[s] for s in SPLITS if s in counts}
    return DataFacts(files, found, size, personal, example, hands, content.hash())


def _named(shards: list[Path], split: str) -> Iterable[str]:
    for number, path in enumerate(shards):
        name = f"{split}-{number:05d}-of-{len(shards):05d}.parquet"
        path.rename(path.with_name(name))
        yield f"data/{name}"


def _kinds(conversation: Conversation) -> set[str]:
    candidate = conversation.candidate
    profiles = (candidate.pair.user_1, candidate.pair.user_2)
    # No pattern goes over the end of a line.
    text = "\n".join((*candidate.utterances, *(a.text for profile in profiles for a in profile.attributes)))
    return {kind for kind, (sign, pattern) in _PERSONAL.items() if sign.search(text) and pattern.search(text)}
