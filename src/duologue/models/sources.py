"""What the sources of model files have in common. Both of them leave what they have got in the model's folder when
they are cut off, and go on from there the next time.
"""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[int, int], None]
"""Called with (bytes done, bytes in all) of the present source."""


class SourceError(Exception):
    """A source can't deliver the file; the message is a short reason."""


def short(text: str, most: int = 140) -> str:
    """Return ``text`` on one line of at most ``most`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 3] + "..."
