"""Guard ``placeholder``: no slot is left unfilled, such as [name], (user 1's name), {city} or ___."""

from __future__ import annotations

import re

from duologue.conversations.critic.guards.verdicts import guard_verdict, quote
from duologue.records import Candidate, Verdict

_SLOT = (
    r"(?:user|speaker|person|persona|insert|your|my|his|her|their|partner|friend|first|last|full|name|city|town|state|country|place|"
    r"location|age|job|occupation|company|school|date|number|hobby|pet|address|topic|blank)"
)
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\[(?!(?i:laughs?|laughing|smiles?|sighs?|pauses?|sic|lol)\])[^\[\]A-Za-z]{0,20}[A-Za-z][^\[\]]{0,80}\]",
        r"\{[^{}A-Za-z]{0,20}[A-Za-z][^{}]{0,80}\}",
        r"<(?:[A-Z][A-Z_ ]+|(?i:" + _SLOT + r")(?i:[ _'][^<>]{0,80})?)>",
        r"\((?i:(?:the |a )?(?:user|speaker|person)\s*#?[12]\b[^()]{0,80}|insert\b[^()]{0,80}|name|your name|my name|(?:[\w']+ ){0,3}name(?: here)?"
        r"|(?:name|type|kind) of [^()]{1,30})\)",
        r"(?i:\$\{?(?:name|city|user|persona)\w*)",
        r"_{3,}",
        r"\bX{3,}\b",
        r"(?i:\b(?:user|speaker)\s*#?\s*[12]\b)",
        r"(?i:\binsert (?:\w+ ){0,4}here\b)",
        r"(?i:\b(?:my name is|my name's)\s*(?:[.,!?]|$))",
    )
)


class PlaceholderGuard:
    """Refuses slots in any kind of brackets, runs of underscores or capital X, and speakers called "User 1".

    41 % of the released Synthetic-Persona-Chat conversations hold one.
    """

    name = "placeholder"

    def check(self, candidate: Candidate) -> Verdict:
        """Return the verdict; the reason quotes each placeholder."""
        found = (
            (i, f"the placeholder {quote(p)}") for i, u in enumerate(candidate.utterances) if (p := placeholder(u))
        )
        return guard_verdict(self.name, found)


def placeholder(text: str) -> str | None:
    """Return the first placeholder in ``text``, or None."""
    return next((m.group(0) for p in _PATTERNS if (m := p.search(text))), None)
