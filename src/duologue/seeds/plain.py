"""Plain text: one attribute a line, blank lines between profiles."""

from __future__ import annotations

from collections.abc import Iterator

from duologue.seeds.source import split_lines


def read_plain(text: str, source: str) -> Iterator[list[str]]:
    """Yield each block of lines as a profile. Every line is an attribute, whatever it looks like."""
    profile: list[str] = []
    for line in split_lines(text):
        if line.strip():
            profile.append(line)
        elif profile:
            yield profile
            profile = []
    if profile:
        yield profile
