"""JSON lines, the form of every format that is rows of plain values; and the texts that models are trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import orjson

from duologue.prompts import as_data
from duologue.records import Profile

T = TypeVar("T")


def write_lines(items: Iterable[T], rows_of: Callable[[T], Iterable[Mapping[str, Any]]], to: Path) -> int:
    """Write the rows of each item to the new file ``to``, one a line, UTF-8; return how many items there were.

    Values that are not finite become null.
    """
    count = 0
    with to.open("xb") as file:
        for item in items:
            for row in rows_of(item):
                file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    return count


def said(utterances: Sequence[str]) -> str:
    """A conversation as text, one ``User 1:`` or ``User 2:`` line an utterance; no utterance can pass for a label."""
    return "\n".join(f"User {i % 2 + 1}: {as_data(text)}" for i, text in enumerate(utterances))


def listed(profile: Profile) -> str:
    """The attributes of a profile, one ``- `` line each."""
    return "\n".join(f"- {as_data(a.text)}" for a in profile.attributes)
