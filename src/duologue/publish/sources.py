"""Where the persona attributes of a version come from, and under what licence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from duologue.errors import UsageError
from duologue.publish.scrub import scrubbed
from duologue.seeds.hub import PREFIX
from duologue.seeds.shipped import is_shipped
from duologue.store.reading import RunReader
from duologue.versions.carry import BASE_OF

SHIPPED = "the seeds that ship with duologue"
_KNOWN: Mapping[str, str] = {"google/synthetic-persona-chat": "cc-by-4.0"}
_HUB_ID = re.compile(re.escape(PREFIX) + r"([\w.-]+(?:/[\w.-]+)?)(?::[\w.-]*)?")


@dataclass(frozen=True, slots=True)
class Seeds:
    """One source of persona attributes."""

    name: str
    """A data set id or a file's name, numbered where another source has the same, or that they are the shipped ones."""
    licence: str
    """Its id, ``none``, or empty when it is not known."""
    url: str = ""
    """Where the hub has it; empty for files."""

    @property
    def shipped(self) -> bool:
        """Whether they came with duologue."""
        return self.name == SHIPPED


def seeds_of(reader: RunReader, stated: str = "") -> tuple[Seeds, ...]:
    """All sources of the version and of those that it was extended from, the first one first.

    ``stated`` is what the publisher says of them: one licence, for the only source or for all whose licence is not known
    here, or ``SOURCE=LICENCE`` for single ones, separated by commas. Raises UsageError for a source that is not there.
    """
    paths = dict.fromkeys(_path(config) for config in _configs(reader))
    found = tuple(_numbered(map(_known, paths)))
    general, single = _stated(stated, [seeds.name for seeds in found])
    alone = len(found) == 1
    return tuple(
        replace(s, licence=single.get(s.name.lower()) or (general if alone or not s.licence else "") or s.licence)
        for s in found
    )


def in_words(seeds: Sequence[Seeds]) -> str:
    """Their names, in the order in which they joined."""
    return "; later ".join(s.name for s in seeds)


def licences(seeds: Sequence[Seeds]) -> str:
    """What is held of their licences, as one text; a single source's is its id."""
    return seeds[0].licence if len(seeds) == 1 else ",".join(f"{s.name}={s.licence}" for s in seeds)


def _configs(reader: RunReader) -> list[Mapping[str, Any]]:
    configs = {revision.id: revision.config for revision in reader.revisions()}
    number: int | None = reader.revision().id
    chain: list[Mapping[str, Any]] = []
    while number in configs:
        chain.append(configs.pop(number))
        base = reader.meta(BASE_OF.format(number))
        number = None if base is None else int(base)
    return chain[::-1]


def _path(config: Mapping[str, Any]) -> str | None:
    """Where the seeds were read, in full; None for any that shipped."""
    section = config.get("seeds")
    path = section.get("path") if isinstance(section, Mapping) else None
    return None if is_shipped(path) else str(path)


def _known(path: str | None) -> Seeds:
    if path is None:
        return Seeds(SHIPPED, "cc0-1.0")
    name = str(scrubbed({"path": path}).get("path", "a source without a name"))
    at = _HUB_ID.fullmatch(path)
    # A folder is read by the same prefix.
    url = f"https://huggingface.co/datasets/{at[1]}" if at and not Path(path.removeprefix(PREFIX)).exists() else ""
    return Seeds(name, _KNOWN.get(at[1].lower(), "") if at else "", url)


def _numbered(found: Iterable[Seeds]) -> Iterator[Seeds]:
    """The sources, with numbers for those that are called like an earlier one."""
    taken: set[str] = set()
    for seeds in found:
        name, number = seeds.name, 1
        while name.lower() in taken:
            number += 1
            name = f"{seeds.name} ({number})"
        taken.add(name.lower())
        yield replace(seeds, name=name)


def _stated(text: str, names: Sequence[str]) -> tuple[str, dict[str, str]]:
    general, single = "", {}
    for source, licence in _parts(text, names):
        if not source:
            general = licence
        elif source in {name.lower() for name in names}:
            single[source] = licence
        else:
            raise UsageError(f"--seeds-licence: there are no seeds {source[:60]!r}; there are: {', '.join(names)}")
    return general, single


def _parts(text: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(source or empty, licence) of each part. A known name may hold what the parts are told by."""
    known = "|".join(re.escape(name.lower()) for name in sorted(names, key=len, reverse=True))
    for found in re.finditer(rf"\s*(?:({known})\s*=)?([^,]*)(?:,|$)", text.lower()):
        source, _, licence = found[2].strip().rpartition("=")
        if licence.strip():
            yield found[1] or source.strip(), licence.strip()
