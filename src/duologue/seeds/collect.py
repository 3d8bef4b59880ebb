"""What every reader's profiles go through: cleaning, and duplicates noted and dropped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from duologue.errors import SeedError
from duologue.seeds.source import MAX_LINE, shorten

_BREAKING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ONE_PROFILE = 30
"""A text file of one profile with more attributes than this probably lacks its blank lines."""


@dataclass(frozen=True, slots=True)
class Seeds:
    """What was read from a source of seeds."""

    profiles: tuple[tuple[str, ...], ...]
    """The profiles in order, each a tuple of distinct attributes; no two profiles hold the same set."""
    source: str
    """The path or data set id as given, or ``shipped``."""
    format: str
    """The format it was read as: text, jsonl, csv, personachat or hub."""
    duplicates: int = 0
    """How many attributes of the source were exact copies of an earlier one, anywhere in it."""
    notes: tuple[str, ...] = ()
    """One line on each thing that was left out or looks odd."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """All distinct attributes, in order of first appearance."""
        return tuple(dict.fromkeys(a for profile in self.profiles for a in profile))


def clean(text: str) -> str:
    """Return one attribute in Unicode form C, stripped, with control characters and line breaks as spaces."""
    return _BREAKING.sub(" ", unicodedata.normalize("NFC", text)).strip()


def collect(raw: Iterable[Iterable[str]], source: str, format_name: str, limit: int | None = None) -> Seeds:
    """Clean the profiles that a reader yields and drop duplicates. Reads no further than ``limit`` kept profiles.

    Raises :class:`SeedError` when not one attribute is left, or one is longer than a line may be.
    """
    profiles: dict[frozenset[str], tuple[str, ...]] = {}
    known: set[str] = set()
    read = blank = inside = identical = empty = 0
    for number, texts in enumerate(raw, 1):
        attributes = []
        for text in map(clean, texts):
            if not _visible(text):
                blank += 1
                continue
            if len(text) > MAX_LINE:
                raise SeedError(
                    f"{source}: profile {number} has an attribute of {len(text):,} characters, {shorten(text)}; "
                    "one attribute is one sentence"
                )
            attributes.append(text)
        kept = tuple(dict.fromkeys(attributes))
        read += len(attributes)
        inside += len(attributes) - len(kept)
        known.update(kept)
        if not kept:
            empty += 1
        elif frozenset(kept) in profiles:
            identical += 1
        else:
            profiles[frozenset(kept)] = kept
            # Before the reader goes on: what stands behind may be broken.
            if limit is not None and len(profiles) >= limit:
                break
    if not profiles:
        raise SeedError(f"{source} holds no persona attribute; give at least one sentence such as: I like tea.")
    notes = [
        _note(blank, "empty attribute", "left out"),
        _note(empty, "profile without attributes", "left out"),
        _note(inside, "attribute repeated inside its profile", "left out"),
        _note(identical, "profile identical to an earlier one", "left out"),
        _note(read - len(known), "attribute equal to an earlier one", "counted once"),
    ]
    if format_name == "text" and len(profiles) == 1 and len(known) > _ONE_PROFILE:
        notes.append(f"all {len(known)} attributes stand in one profile; blank lines separate profiles")
    return Seeds(tuple(profiles.values()), source, format_name, read - len(known), tuple(n for n in notes if n))


def _visible(text: str) -> bool:
    return any(unicodedata.category(char)[0] not in "ZC" for char in text)


def _note(count: int, what: str, done: str) -> str:
    if not count:
        return ""
    return f"1 {what}: {done}" if count == 1 else f"{count} times: {what}, {done}"
