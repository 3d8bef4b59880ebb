"""JSON lines: one profile a line, ``{"persona": ["I like tea.", ...]}``; other keys are ignored."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from duologue.errors import SeedError
from duologue.seeds.source import shorten, split_lines

_SHAPE = '{"persona": ["I like tea.", ...]}'


def read_jsonl(text: str, source: str) -> Iterator[list[str]]:
    """Yield the ``persona`` list of each line; blank lines are skipped.

    Raises :class:`SeedError`, with the line number, where a line is not such an object.
    """
    for number, line in enumerate(split_lines(text), 1):
        if line.strip():
            yield _persona(line, f"{source}: line {number}")


def _persona(line: str, place: str) -> list[str]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise SeedError(f"{place} is not JSON ({error.msg}): {shorten(line)}; write {_SHAPE}") from error
    if not isinstance(value, dict):
        raise SeedError(f"{place} is not a JSON object: {shorten(line)}; write {_SHAPE}, one object a line")
    if "persona" not in value:
        keys = ", ".join(shorten(key) for key in list(value)[:5]) or "none"
        raise SeedError(f'{place} has no key "persona" (keys: {keys}); write {_SHAPE}')
    persona = value["persona"]
    if not isinstance(persona, list):
        raise SeedError(f'{place}: "persona" is not a list of texts; write {_SHAPE}')
    texts: list[str] = []
    for item in persona:
        if not isinstance(item, str):
            raise SeedError(
                f'{place}: "persona" holds {shorten(orjson.dumps(item).decode())}, not a text; write {_SHAPE}'
            )
        texts.append(item)
    return texts
