"""A run folder of duologue: the conversations of its data set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from duologue.datasets.protocol import Look
from duologue.datasets.records import Dialogue, Problem, Provenance, Utterance
from duologue.records import Conversation
from duologue.store.database import FILE_NAME
from duologue.store.reading import RunReader


class RunFolderReader:
    """Reads what ``duologue export`` would write, straight from the run. Works while the run goes on.

    ``revision``: that of the run folder which is read; None for the one started last. ``iteration``: from 1, the winners of
    that round of the loop; 0 for the data set.
    """

    name = "run"

    def __init__(self, revision: int | None = None, iteration: int = 0) -> None:
        self.revision = revision
        self.iteration = iteration

    def recognises(self, look: Look) -> bool:
        """A folder that holds a run, or the run's file."""
        return FILE_NAME in look.names or (look.path is not None and look.path.name == FILE_NAME)

    def read(self, source: str) -> Iterator[Dialogue | Problem]:
        """See the Protocol. Raises StoreError when there is no run."""
        folder = Path(source)
        with RunReader(run_folder(folder), self.revision) as reader:
            for row, conversation in enumerate(reader.conversations(self.iteration), 1):
                if conversation.candidate.utterances:
                    yield dialogue(conversation, Provenance(source, self.name, row, conversation.candidate.model))
                else:
                    yield Problem(row, "it has no utterance", conversation.id)


def iterations(source: str) -> list[int]:
    """The iterations of a run that have winners, in order. Raises StoreError when there is no run."""
    with RunReader(run_folder(Path(source))) as reader:
        return sorted({c.iteration for c in reader.counts() if c.stage == "conversation" and c.iteration and c.n})


def run_folder(path: Path) -> Path:
    """The run folder, given it or the run's file."""
    return path.parent if path.name == FILE_NAME else path


def dialogue(conversation: Conversation, provenance: Provenance) -> Dialogue:
    """A conversation of a run as a dialogue."""
    pair = conversation.candidate.pair
    return Dialogue(
        conversation.id,
        tuple(a.text for a in pair.user_1.attributes),
        tuple(a.text for a in pair.user_2.attributes),
        tuple(Utterance(1 if i % 2 == 0 else 2, text) for i, text in enumerate(conversation.candidate.utterances)),
        pair.split,
        provenance,
        asked=conversation.candidate.length if any(conversation.candidate.length) else None,
    )
