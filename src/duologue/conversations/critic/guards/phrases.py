"""Lists of set phrases, looked for without trying each pattern on each text."""

from __future__ import annotations

import re
from collections.abc import Iterable


class Phrases:
    """Patterns, tried in order, in any letter case unless ``flags`` say otherwise.

    ``hints``: every text that a pattern matches holds one of these, lower case. Most texts hold none, and looking for
    plain words is much quicker.
    """

    def __init__(self, patterns: Iterable[str], hints: Iterable[str], flags: re.RegexFlag = re.IGNORECASE) -> None:
        self.patterns = tuple(re.compile(pattern, flags) for pattern in patterns)
        self._hints = tuple(hints)

    def first(self, text: str) -> str | None:
        """The piece of ``text`` that the first pattern matches, or None; curly apostrophes count as straight ones."""
        plain = text.replace("\u2019", "'")
        # Beyond ASCII, letters match others than those that lower() makes of them.
        if plain.isascii():
            low = plain.lower()
            if not any(hint in low for hint in self._hints):
                return None
        return next((m.group(0).strip() for p in self.patterns if (m := p.search(plain))), None)
