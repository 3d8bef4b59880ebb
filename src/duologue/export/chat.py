"""Chat messages for supervised fine-tuning: each side of a conversation once as the assistant.

======================  ================================================================================
key                     value
======================  ================================================================================
id                      the conversation's id and the speaker, as ``c-...-1``
conversation, split     the conversation's id; train, valid or test
speaker                 whose part the assistant has, 1 or 2
messages                system (the speaker's profile), then user and assistant in turn
======================  ================================================================================

Messages alternate and begin with the user, as chat templates ask: where the assistant speaks first, the user asks it to
begin. What the user says after the assistant's last message is left out, as nothing follows it. Texts are made harmless to
chat templates by :func:`duologue.prompts.as_data`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from duologue.export.lines import listed, write_lines
from duologue.prompts import as_data
from duologue.records import Conversation, Profile, Speaker

SYSTEM = (
    "You are a person talking with someone you have just met. This is who you are:\n{profile}\n"
    "Speak as this person, naturally and briefly, and say nothing that goes against it."
)
OPENING = "(Begin the conversation.)"
_SPEAKERS: tuple[Speaker, Speaker] = (1, 2)


class ChatFormat:
    """Two rows a conversation, for ``trl``'s SFTTrainer and others that take ``messages``."""

    name = "chat"

    def write(self, rows: Iterable[Conversation], to: Path) -> int:
        """Write the rows as JSON lines; return how many conversations there were. A side that says nothing has none."""
        return write_lines(rows, chat_rows, to)


def chat_rows(conversation: Conversation) -> Iterator[dict[str, Any]]:
    """The rows of one conversation, user 1's first."""
    pair = conversation.candidate.pair
    for speaker in _SPEAKERS:
        messages = _messages(conversation.candidate.utterances, speaker)
        if messages:
            yield {
                "id": f"{conversation.id}-{speaker}",
                "conversation": conversation.id,
                "split": pair.split,
                "speaker": speaker,
                "messages": [{"role": "system", "content": system(pair.user(speaker))}, *messages],
            }


def system(profile: Profile) -> str:
    """The system prompt of a profile."""
    return SYSTEM.format(profile=listed(profile))


def _messages(utterances: tuple[str, ...], speaker: Speaker) -> list[dict[str, str]]:
    said = [
        {"role": "assistant" if i % 2 + 1 == speaker else "user", "content": as_data(text)}
        for i, text in enumerate(utterances)
    ]
    if said and said[-1]["role"] == "user":
        said.pop()
    if said and said[0]["role"] == "assistant":
        said.insert(0, {"role": "user", "content": OPENING})
    return said
