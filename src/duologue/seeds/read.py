"""The one entrance: from the seeds section of a configuration to profiles and attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from duologue.config.sections import SeedsConfig
from duologue.errors import SeedError
from duologue.seeds import hub, shipped
from duologue.seeds.collect import Seeds, collect
from duologue.seeds.detect import FileFormat, detect
from duologue.seeds.jsonl import read_jsonl
from duologue.seeds.personachat import read_personachat
from duologue.seeds.plain import read_plain
from duologue.seeds.source import check_lines, read_text
from duologue.seeds.spc import read_spc

_READERS: dict[FileFormat, Callable[[str, str], Iterator[list[str]]]] = {
    "text": read_plain,
    "jsonl": read_jsonl,
    "csv": read_spc,
    "personachat": read_personachat,
}


def read_seeds(config: SeedsConfig) -> Seeds:
    """Read the seeds that ``config`` names: a file, ``hf:ID[:SPLIT]``, ``shipped:NAME``, or the shipped ones where ``path`` is null.

    Text is kept as it is, but stripped, in Unicode form C, and with control characters and line breaks as spaces.
    Exact duplicates are dropped and noted. Raises :class:`SeedError`, one line with the place and the cure.
    """
    if config.path is None or shipped.is_shipped(config.path):
        text = shipped.shipped_text(config.path)
        return collect(read_jsonl(text, shipped.NAME), shipped.NAME, "jsonl", config.limit)
    if config.path.startswith(hub.PREFIX):
        if config.format not in ("auto", "hub"):
            raise SeedError(
                f"{config.path} is a data set id, but seeds.format is {config.format}; set it to auto or hub"
            )
        return collect(hub.read_hub(config.path), config.path, "hub", config.limit)
    if config.format == "hub":
        return collect(hub.read_hub(hub.PREFIX + config.path), config.path, "hub", config.limit)
    path = _path(config.path)
    text = read_text(path)
    name: FileFormat = detect(path.name, text) if config.format == "auto" else config.format
    if name in ("text", "personachat"):
        check_lines(text, config.path)
    return collect(_READERS[name](text, config.path), config.path, name, config.limit)


def _path(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:
        # A file such as ~notes.txt, where there is no user notes.txt.
        return Path(name)
