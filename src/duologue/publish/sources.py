"""Where the persona attributes of a version come from, and under what licence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duologue.errors import UsageError
from duologue.publish.scrub import scrubbed
from duologue.seeds.hub import PREFIX
from duologue.seeds.shipped import is_shipped
from duologue.store.reading import RunReader
from duologue.versions.carry import BASE_OF

SHIPPED = "the seeds that ship with duologue"
_KNOWN: Mapping[str, str] = {"google/synthetic-persona-chat": "cc-by-4.0"}


@dataclass(frozen=True, slots=True)
class Seeds:
    """One source of persona attributes."""

    name: str
    """A data set id or a file's name, or that they are the shipped ones."""
    licence: str
    """Its id, ``none``, or empty when it is not known."""

    @property
    def shipped(self) -> bool:
        """Whether they came with duologue."""
        return self.name == SHIPPED


def seeds_of(reader: RunReader, stated: str = "") -> tuple[Seeds, ...]:
    """All sources of the version and of those that it was extended from, the first one first.

    ``stated`` is what the publisher says of them: one licence, for the only source or for all whose licence is not known
    here, or ``SOURCE=LICENCE`` for single ones, separated by commas. Raises UsageError for a source that is not there.
    """
    found = tuple(dict.fromkeys(_known(config) for config in _configs(reader)))
    general, single = _stated(stated, [seeds.name for seeds in found])
    alone = len(found) == 1
    return tuple(
        Seeds(s.name, single.get(s.name.lower()) or (general if alone or not s.licence else "") or s.licence)
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


def _known(config: Mapping[str, Any]) -> Seeds:
    section = scrubbed(config).get("seeds")
    path = section.get("path") if isinstance(section, Mapping) else None
    if is_shipped(path):
        return Seeds(SHIPPED, "cc0-1.0")
    name = str(path)
    return Seeds(name, _KNOWN.get(name.removeprefix(PREFIX).partition(":")[0].lower(), ""))


def _stated(text: str, names: Sequence[str]) -> tuple[str, dict[str, str]]:
    general, single = "", {}
    for source, licence in _parts(text):
        if not source:
            general = licence
        elif source in {name.lower() for name in names}:
            single[source] = licence
        else:
            raise UsageError(f"--seeds-licence: there are no seeds {source[:60]!r}; there are: {', '.join(names)}")
    return general, single


def _parts(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(","):
        source, _, licence = part.strip().lower().rpartition("=")
        if licence.strip():
            yield source.strip(), licence.strip()
