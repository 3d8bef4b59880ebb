"""What is reviewed: a run folder, or a data set file. Both fill the index and give single conversations back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from duologue.records import Comparison, Conversation, Verdict
from duologue.review.index import Index
from duologue.store.reading import Count


@dataclass(frozen=True, slots=True)
class Contender:
    """One candidate of a pair, as the run left it."""

    id: str
    iteration: int
    attempt: int
    sample: int
    status: str
    by: str
    reason: str
    utterances: tuple[str, ...]
    """Empty where it was given up before it was whole."""
    verdicts: tuple[Verdict, ...]
    winner: bool
    """Whether it is the conversation shown."""
    stands: bool = False
    """Whether the run chose it for the data set."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One conversation with what belongs to it."""

    conversation: Conversation
    iteration: int
    """0 for the data set."""
    status: str
    by: str
    reason: str
    speakers: tuple[int, ...]
    """Who says each utterance."""
    own: tuple[str, str] | None = None
    """(id, split) by which a file knows it; None where these are the conversation's."""


class Source(Protocol):
    """Where rows come from."""

    name: str
    """What the page calls it."""
    source: str
    """What the index was filled from; another value means another content."""
    is_run: bool

    def fill(self, index: Index, *, whole: bool) -> int:
        """Take into the index what it lacks; return how many rows were taken. ``whole`` compares every row."""
        ...

    def conversation(self, index: Index, n: int) -> Shown | None:
        """The conversation in row ``n`` of the index; None when that row is none.

        That of a pair of which no candidate won has no utterances.
        """
        ...

    def contenders(self, shown: Shown) -> tuple[Contender, ...]:
        """All candidates of its pair, by iteration, attempt and sample; none in a file."""
        ...

    def comparisons(self, shown: Shown) -> tuple[Comparison, ...]:
        """The comparisons of the iteration that chose its winner."""
        ...

    def winner(self, shown: Shown) -> Shown | None:
        """The conversation that the run chose for the pair, which decisions are about; without utterances where none won.

        None while neither is known.
        """
        ...

    def candidate(self, shown: Shown, name: str) -> Conversation | None:
        """Another whole candidate of its pair, with what was said of it; None where there is no such one."""
        ...

    def counts(self) -> Sequence[Count]:
        """Items by stage, iteration, status and who decided."""
        ...

    def state(self) -> str:
        """running, finished, stopped or failed; of a file, file."""
        ...

    def changed(self) -> bool:
        """Whether it is worth looking for new rows."""
        ...

    def conversations(self) -> Iterator[Shown]:
        """The data set as decided by hand."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


def open_source(path: Path) -> Source:
    """A run folder (or its ``run.sqlite``), or any data set that ``duologue.datasets`` reads. Raises UsageError."""
    from duologue.review.file_source import FileSource
    from duologue.review.run_source import RunSource
    from duologue.store.database import FILE_NAME

    if path.name == FILE_NAME:
        path = path.parent
    if (path / FILE_NAME).is_file():
        return RunSource(path)
    return FileSource(path)
