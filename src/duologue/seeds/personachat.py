"""The text layout of Persona-Chat and ConvAI2: numbered lines, ``1 your persona: i like tea .``

A conversation begins where the numbering starts again. It holds one profile or, with ``partner's persona:`` lines, two.
Dialogue lines are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from duologue.errors import SeedError
from duologue.seeds.source import split_lines

_LINE = re.compile(r"^\s*(?:(\d+)\s+)?(?:(your|partner'?s|partner\u2019s)\s+persona:(.*))?", re.IGNORECASE | re.DOTALL)


def is_persona_line(line: str) -> bool:
    """True when ``line`` gives an attribute in this layout."""
    match = _LINE.match(line)
    return match is not None and match.group(2) is not None


def read_personachat(text: str, source: str) -> Iterator[list[str]]:
    """Yield each conversation's own profile, then its partner's where given.

    Unnumbered files are read too; there a conversation ends with a blank line, or where persona lines follow dialogue.
    Raises :class:`SeedError` when no line gives an attribute.
    """
    own: list[str] = []
    partner: list[str] = []
    found = in_dialogue = False
    last = 0
    for line in split_lines(text):
        match = _LINE.match(line)
        label = match.group(2) if match else None
        number = int(match.group(1)) if match and match.group(1) and len(match.group(1)) < 9 else None
        if number is not None:
            restarts = number <= last
            last = number
        else:
            restarts = not line.strip() or (in_dialogue and label is not None)
        if restarts:
            yield from (profile for profile in (own, partner) if profile)
            own, partner, in_dialogue = [], [], False
        if match and label:
            found = True
            (own if label.lower() == "your" else partner).append(match.group(3))
        elif line.strip():
            in_dialogue = True
    yield from (profile for profile in (own, partner) if profile)
    if not found:
        raise SeedError(f'{source} has no line such as "1 your persona: i like tea ."; choose another seeds.format')
