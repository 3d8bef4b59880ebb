"""CSV in the layout of Synthetic-Persona-Chat.

The header is ``user 1 personas,user 2 personas,Best Generated Conversation``. In a cell, attributes and utterances stand
one a line, lines end with a line feed; rows end with carriage return and line feed, cells are quoted only where needed,
all as in the released files. Unlike there, a cell that a spreadsheet would compute begins with an apostrophe.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from duologue.records import Conversation, Profile
from duologue.seeds.spc import HEADER
from duologue.spreadsheets import defused
from duologue.store.codec import clean


class SpcFormat:
    """Writes the SPC layout. It has no place for ids, evidence, verdicts and splits."""

    name = "spc"

    def __init__(self, *, exact: bool = False) -> None:
        """``exact`` writes the text as it is, also where a spreadsheet would run it as a formula."""
        self._exact = exact

    def write(self, rows: Iterable[Conversation], to: Path) -> int:
        """Write one row a conversation. Line feeds inside a text become spaces: the layout gives them a meaning."""
        count = 0
        with to.open("x", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            for conversation in rows:
                pair = conversation.candidate.pair
                said = (f"User {i % 2 + 1}: {_line(u)}" for i, u in enumerate(conversation.candidate.utterances))
                cells = (_personas(pair.user_1), _personas(pair.user_2), "\n".join(said))
                writer.writerow(cells if self._exact else map(defused, cells))
                count += 1
        return count


def _personas(profile: Profile) -> str:
    return "\n".join(_line(a.text) for a in profile.attributes)


def _line(text: str) -> str:
    return clean(text).replace("\r\n", " ").replace("\n", " ")
