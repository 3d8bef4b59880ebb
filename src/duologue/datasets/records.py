"""What every data set is read into, whatever its format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from duologue.records import Speaker


@dataclass(frozen=True, slots=True)
class Utterance:
    """One utterance. ``text`` is as the data set has it, stripped of what its format adds."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a dialogue comes from."""

    source: str
    """The file, folder or ``hf:ID`` as given."""
    format: str
    """The name of the reader."""
    row: int
    """Its place in the source, from 1. In text formats rows are conversations, not lines."""
    model: str = ""
    """Who wrote it, where the data set says so."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One conversation between two users. User 1 is who speaks first, unless the data set says otherwise."""

    id: str
    """As in the data set; else ``d-`` and a hash of the content, so that equal conversations have equal ids."""
    user_1: tuple[str, ...]
    """User 1's attributes, in order; empty where the data set gives none."""
    user_2: tuple[str, ...]
    utterances: tuple[Utterance, ...]
    """At least one. Speakers need not alternate: what the data set says is kept."""
    split: str
    """train, valid or test, or what else the data set calls it; empty where it has no splits."""
    provenance: Provenance
    irregular: str = ""
    """What is out of form in the row's own layout although it can be read, such as lines without a label; else empty."""
    asked: tuple[int, int] | None = None
    """Fewest and most utterances that its writer was asked for, in a run that kept them; else None."""
    row: Mapping[str, Any] | None = None
    """The whole row, where a reader was asked to keep it; see :mod:`duologue.datasets.native`."""

    def profile(self, speaker: Speaker) -> tuple[str, ...]:
        """The attributes of speaker 1 or 2."""
        return self.user_1 if speaker == 1 else self.user_2

    def said_by(self, speaker: Speaker) -> tuple[tuple[int, str], ...]:
        """(index, text) of each utterance of one speaker."""
        return tuple((i, u.text) for i, u in enumerate(self.utterances) if u.speaker == speaker)


@dataclass(frozen=True, slots=True)
class Problem:
    """One row that can't be read."""

    row: int
    """From 1, counted like :attr:`Provenance.row`."""
    what: str
    """What is wrong, the same text for the same kind of problem."""
    detail: str = ""
    """The part of the row that shows it, made printable and cut."""

    def __str__(self) -> str:
        return f"row {self.row}: {self.what}" + (f": {self.detail}" if self.detail else "")
