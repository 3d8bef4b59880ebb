"""What lists show of decisions by hand, set anew where an index has missed one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from duologue.review.index import Index
from duologue.review.source import Source
from duologue.store.hand import basis_of, read_hands


def renew(index: Index, source: Source, review: Path) -> None:
    """Mark the conversations of ``index`` as the decisions in the file ``review`` say. Raises StoreError."""
    marks = _marks(review)
    while True:
        for n, name, shown in _concerned(index, {name for name, _ in marks}):
            found = source.conversation(index, n)
            said = () if found is None else found.conversation.candidate.utterances
            mark = marks.get((name, basis_of(said)), "")
            if mark != shown:
                index.set_hand([n], mark)
        before, marks = marks, _marks(review)
        # What is decided meanwhile sets a mark of its own, which must not be undone.
        if marks == before:
            return


def _marks(review: Path) -> dict[tuple[str, str], str]:
    return {key: hand.mark for key, hand in read_hands(review).items()}


def _concerned(index: Index, names: Iterable[str]) -> set[tuple[int, str, str]]:
    """(row, name, mark) of the conversations that have a mark or are called one of ``names``."""
    query = "SELECT n, name, hand FROM rows WHERE"
    found = set(index.reader().execute(f"{query} hand != ''"))
    for name in names:
        found.update(index.reader().execute(f"{query} name = ? AND stage = 'conversation'", (name,)))
    return found
