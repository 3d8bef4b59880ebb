"""The readers by name: ours, in the order in which they are asked, and those that installed packages add."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from types import MappingProxyType

from duologue.datasets.protocol import Reader
from duologue.datasets.readers.convai2 import Convai2Reader
from duologue.datasets.readers.hub import HubReader
from duologue.datasets.readers.jsonl import JsonlReader
from duologue.datasets.readers.parquet import ParquetReader
from duologue.datasets.readers.run import RunFolderReader
from duologue.datasets.readers.spc import SpcReader
from duologue.errors import UsageError, in_one_line

GROUP = "duologue.datasets"
"""The entry point group; our own names can't be taken over."""

BUILT_IN: Mapping[str, Callable[[], Reader]] = MappingProxyType(
    {
        "hub": HubReader,
        "run": RunFolderReader,
        "parquet": ParquetReader,
        "jsonl": JsonlReader,
        "spc": SpcReader,
        "convai2": Convai2Reader,
    }
)


def reader_names() -> list[str]:
    """Return the names of all formats, ours first."""
    return [*BUILT_IN, *sorted(e.name for e in entry_points(group=GROUP) if e.name not in BUILT_IN)]


def get_reader(name: str) -> Reader:
    """Return the reader called ``name``. Raises :class:`UsageError` when there is none, or its package is broken."""
    if name in BUILT_IN:
        return BUILT_IN[name]()
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            try:
                made: Reader = entry.load()()
            except Exception as error:
                raise UsageError(
                    f"the data set format {name!r} ({entry.value}) can't be loaded: {in_one_line(error)}; "
                    "repair or remove the package that brings it"
                ) from error
            return made
    raise UsageError(f"there is no data set format {name!r}; formats: {', '.join(reader_names())}")


def all_readers() -> Iterator[Reader]:
    """Every reader, ours first."""
    return (get_reader(name) for name in reader_names())
