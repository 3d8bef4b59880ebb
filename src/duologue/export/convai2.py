"""Text in the layout of Persona-Chat and ConvAI2, with candidates, as ParlAI reads it.

Each conversation stands there twice, once from each side: numbered ``your persona:`` and ``partner's persona:`` lines, then
lines of what the partner says, the answer, and the candidates, split by tabs. The answer is the last of the candidates;
the others are utterances of other conversations of the same split. ``__SILENCE__`` stands for the partner where the
answering side speaks first. Line breaks and tabs become blanks and ``|``, which parts the candidates, becomes ``/``.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

from duologue.records import Conversation, Speaker
from duologue.store.codec import clean

CANDIDATES = 20
"""Candidates of an answer, itself included, where there are enough others."""
_AHEAD = 200
"""Conversations read ahead, so that the first ones have candidates too."""
_POOL = 2000
"""Utterances kept of each split to draw candidates from: an even sample of all that was read so far."""
_SILENCE = "__SILENCE__"
_PERSONA = re.compile(r"^(your|partner'?s|partner\u2019s) persona:", re.IGNORECASE)
_SPEAKERS: tuple[Speaker, Speaker] = (2, 1)


class Convai2Format:
    """Writes both views of each conversation, that of user 2 first."""

    name = "convai2"

    def write(self, rows: Iterable[Conversation], to: Path) -> int:
        """Write the conversations; return how many there are."""
        remaining = iter(rows)
        ahead = list(islice(remaining, _AHEAD))
        pools: dict[str, _Pool] = defaultdict(_Pool)
        for conversation in ahead:
            pools[conversation.candidate.pair.split].add(conversation)
        count = 0
        with to.open("x", encoding="utf-8", newline="\n") as file:
            for conversation in chain(ahead, remaining):
                pool = pools[conversation.candidate.pair.split]
                if count >= len(ahead):
                    pool.add(conversation)
                for speaker in _SPEAKERS:
                    for number, line in enumerate(_view(conversation, speaker, pool), 1):
                        file.write(f"{number} {line}\n")
                count += 1
        return count


class _Pool:
    """An even sample of the utterances of one split (reservoir sampling); the same in every run."""

    def __init__(self) -> None:
        self._held: list[tuple[str, str]] = []
        self._seen = 0
        self._random = random.Random("convai2/pool")

    def add(self, conversation: Conversation) -> None:
        for text in conversation.candidate.utterances:
            entry = (conversation.id, _line(text))
            self._seen += 1
            if len(self._held) < _POOL:
                self._held.append(entry)
            elif (place := self._random.randrange(self._seen)) < _POOL:
                self._held[place] = entry

    def others(self, conversation: str, label: str, draw: random.Random) -> list[str]:
        """Up to 19 different utterances of other conversations, none of them the label."""
        drawn = draw.sample(self._held, min(len(self._held), 4 * CANDIDATES))
        found = dict.fromkeys(text for id_, text in drawn if id_ != conversation and text not in (label, ""))
        return list(found)[: CANDIDATES - 1]


def _view(conversation: Conversation, speaker: Speaker, pool: _Pool) -> Iterator[str]:
    """The lines of one conversation from the side of ``speaker``, without their numbers."""
    pair = conversation.candidate.pair
    partner: Speaker = 2 if speaker == 1 else 1
    for whose, profile in (("your", pair.user(speaker)), ("partner's", pair.user(partner))):
        for attribute in profile.attributes:
            yield f"{whose} persona: {_line(attribute.text)}"
    heard = ""
    for index, text in enumerate(map(_line, conversation.candidate.utterances)):
        if index % 2 + 1 != speaker:
            heard = text
            continue
        if not text:
            # Nothing is answered, so nothing can be learnt from it.
            yield from filter(None, (heard,))
            heard = ""
            continue
        draw = random.Random(f"convai2/{conversation.id}/{index}")
        candidates = [*pool.others(conversation.id, text, draw), text]
        yield f"{heard or _SILENCE}\t{text}\t\t{'|'.join(candidates)}"
        heard = ""
    if heard:
        yield heard


def _line(text: str) -> str:
    text = " ".join(clean(text).replace("|", "/").split())
    return _PERSONA.sub(r"\1 persona -", text)
