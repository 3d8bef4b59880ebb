"""What the Critic judged in a run, with its evidence: the data set, and the candidates that it rejected."""

from __future__ import annotations

from collections.abc import Iterator

from duologue.records import Conversation
from duologue.store.reading import RunReader


def judged(reader: RunReader) -> Iterator[tuple[Conversation, str]]:
    """Yield (conversation, ""), in order of the data set, then (candidate, the guard or expert that rejected it, or
    ``tournament``).

    Left out are rejected candidates without evidence, such as those that a guard refused, and those that people took
    into the data set all the same.
    """
    taken: set[str] = set()
    for conversation in reader.conversations():
        if conversation.hand in ("chosen", "edited"):
            taken.add(conversation.candidate.id)
        yield conversation, ""
    for item in reader.items("candidate", status="rejected"):
        if item.item in taken:
            continue
        made = reader.judged(item)
        if made is not None and made.evidence:
            yield made, item.by
