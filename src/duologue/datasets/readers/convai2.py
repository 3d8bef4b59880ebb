"""The text layout of Persona-Chat and ConvAI2, as ParlAI reads it.

::

    1 your persona: i like tea.
    2 partner's persona: i run.
    3 hi ! how are you ?\tfine , i have tea .\t\tcandidate|candidate|fine , i have tea .

A dialogue line gives what the partner says and, after a tab, the answer of the one whose persona is "your"; candidates may follow.
``__SILENCE__`` stands where the partner says nothing. A conversation begins where the numbering starts again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from duologue.datasets.layouts import made
from duologue.datasets.problems import BadRow
from duologue.datasets.protocol import Look
from duologue.datasets.readers.text import opened
from duologue.datasets.records import Dialogue, Problem, Provenance, Utterance
from duologue.records import Speaker
from duologue.seeds.personachat import is_persona_line

SILENCE = "__SILENCE__"
_NONE = 10**6
"""Above every number of a line: the next one begins a conversation."""
_LINE = re.compile(r"^\s*(\d{1,6}) (.*)$", re.DOTALL)
_PERSONA = re.compile(r"^(your|partner'?s|partner\u2019s) persona:(.*)$", re.IGNORECASE | re.DOTALL)


@dataclass(slots=True)
class _Episode:
    """One numbered block. ``said`` holds (own, text): whether the one whose persona is "your" speaks."""

    own: list[str] = field(default_factory=list)
    partner: list[str] = field(default_factory=list)
    said: list[tuple[bool, str]] = field(default_factory=list)

    def mirrors(self, other: _Episode) -> bool:
        """Whether this is the same conversation, seen from the other side; either view may lack the last line."""
        if not self.said or not other.said or self.said[0][0] == other.said[0][0]:
            return False
        both = zip(self.said, other.said, strict=False)
        same = all(mine[0] != theirs[0] and mine[1] == theirs[1] for mine, theirs in both)
        return same and abs(len(self.said) - len(other.said)) <= 1 and self._profiles_fit(other)

    def _profiles_fit(self, other: _Episode) -> bool:
        return (not self.partner or self.partner == other.own) and (not other.partner or other.partner == self.own)


class Convai2Reader:
    """Reads conversations of one view or both. Two views of one conversation that follow each other are read as one."""

    name = "convai2"

    def recognises(self, look: Look) -> bool:
        """A file with a persona line among its first lines."""
        return any(is_persona_line(line) for line in look.lines)

    def read(self, source: str) -> Iterator[Dialogue | Problem]:
        """See the Protocol. User 1 is who speaks first."""
        row = 0
        waiting: _Episode | None = None
        for episode in _episodes(source):
            if isinstance(episode, _Episode) and waiting is not None and episode.mirrors(waiting):
                yield _dialogue(_joined(waiting, episode), Provenance(source, self.name, row))
                waiting = None
                continue
            if waiting is not None:
                yield _dialogue(waiting, Provenance(source, self.name, row))
                waiting = None
            row += 1
            if isinstance(episode, BadRow):
                yield episode.at(row)
            elif not episode.said:
                yield BadRow("it has no utterance").at(row)
            else:
                waiting = episode
        if waiting is not None:
            yield _dialogue(waiting, Provenance(source, self.name, row))


def _episodes(source: str) -> Iterator[_Episode | BadRow]:
    current: _Episode | BadRow | None = None
    last = 0
    with opened(source) as file:
        for line in file:
            line = line.rstrip("\r\n")
            if not line.strip():
                continue
            match = _LINE.match(line)
            if match is None:
                # The rest of this block can't be trusted to belong to one conversation.
                last = _NONE if current is None else last
                current = BadRow("a line has no number", line)
                continue
            number = int(match.group(1))
            if current is None or number <= last:
                if current is not None:
                    yield current
                current = _Episode()
            last = number
            if isinstance(current, _Episode):
                _take(current, match.group(2))
    if current is not None:
        yield current


def _take(episode: _Episode, text: str) -> None:
    persona = _PERSONA.match(text)
    if persona:
        mine = persona.group(1).lower() == "your"
        (episode.own if mine else episode.partner).append(persona.group(2).strip())
        return
    parts = text.split("\t")
    if parts[0].strip() and parts[0].strip() != SILENCE:
        episode.said.append((False, parts[0].strip()))
    if len(parts) > 1 and parts[1].strip():
        episode.said.append((True, parts[1].strip()))


def _joined(one: _Episode, other: _Episode) -> _Episode:
    """The view that has more, with the profiles of both."""
    longer, shorter = (one, other) if len(one.said) >= len(other.said) else (other, one)
    return _Episode(longer.own, shorter.own, longer.said)


def _dialogue(episode: _Episode, provenance: Provenance) -> Dialogue:
    own_first = episode.said[0][0]
    one, two = (episode.own, episode.partner) if own_first else (episode.partner, episode.own)

    def speaker(own: bool) -> Speaker:
        return 1 if own == own_first else 2

    return made(tuple(one), tuple(two), tuple(Utterance(speaker(own), text) for own, text in episode.said), provenance)
