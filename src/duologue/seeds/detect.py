"""Which format a seed file is in, by its name and its content."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Literal

from duologue.seeds.personachat import is_persona_line
from duologue.seeds.source import split_lines
from duologue.seeds.spc import PERSONAS_1, PERSONAS_2

FileFormat = Literal["text", "jsonl", "csv", "personachat"]

_BY_SUFFIX: dict[str, FileFormat] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv"}
_JSON_OBJECT = re.compile(r'\{\s*"')
_LOOKED_AT = 20
"""Lines with text that are looked at."""


def detect(name: str, text: str) -> FileFormat:
    """Return the format of a file called ``name`` that holds ``text``.

    A telling suffix decides. Else a JSON object on the first line means jsonl, the SPC header csv, a numbered
    "your persona:" line among the first 20 lines personachat, and anything else text.
    """
    if by_suffix := _BY_SUFFIX.get(PurePath(name).suffix.lower()):
        return by_suffix
    lines: list[str] = []
    for line in split_lines(text):
        if line.strip():
            lines.append(line)
            if len(lines) == _LOOKED_AT:
                break
    first = lines[0].strip().lower() if lines else ""
    if _JSON_OBJECT.match(first):
        return "jsonl"
    if PERSONAS_1 in first or PERSONAS_2 in first:
        return "csv"
    if any(is_persona_line(line) for line in lines):
        return "personachat"
    return "text"
