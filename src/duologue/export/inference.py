"""Persona inference pairs: a conversation and the attributes of one of its speakers.

======================  ================================================================================
key                     value
======================  ================================================================================
id                      the conversation's id and the speaker, as ``c-...-1``
conversation, split     the conversation's id; train, valid or test
speaker                 whose attributes are asked for, 1 or 2
text                    the conversation, one ``User 1:`` or ``User 2:`` line an utterance
attributes              the texts of the speaker's attributes
voiced                  those of them that the speaker's utterances carry, by the run's evidence; null when the
                        run did not measure it
======================  ================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from duologue.export.lines import said, write_lines
from duologue.export.rows import coverage
from duologue.records import Conversation, Speaker
from duologue.store.codec import clean

_SPEAKERS: tuple[Speaker, Speaker] = (1, 2)


class InferenceFormat:
    """Two rows a conversation, for models that infer a persona from what someone says."""

    name = "inference"

    def write(self, rows: Iterable[Conversation], to: Path) -> int:
        """Write the rows as JSON lines; return how many conversations there were."""
        return write_lines(rows, inference_rows, to)


def inference_rows(conversation: Conversation) -> Iterator[dict[str, Any]]:
    """The rows of one conversation, user 1's first."""
    pair = conversation.candidate.pair
    text = said(conversation.candidate.utterances)
    for speaker in _SPEAKERS:
        attributes = pair.user(speaker).attributes
        carried = {
            e.attribute
            for e in conversation.evidence
            if e.owner == speaker and e.speaker == speaker and e.label == "supported"
        }
        measured = coverage(conversation, speaker) is not None
        yield {
            "id": f"{conversation.id}-{speaker}",
            "conversation": conversation.id,
            "split": pair.split,
            "speaker": speaker,
            "text": text,
            "attributes": [clean(a.text) for a in attributes],
            "voiced": [clean(a.text) for a in attributes if a.id in carried] if measured else None,
        }
