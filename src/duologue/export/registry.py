"""The formats by name: ours, and those that installed packages add."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from types import MappingProxyType

from duologue.errors import UsageError, in_one_line
from duologue.export.chat import ChatFormat
from duologue.export.convai2 import Convai2Format
from duologue.export.evidence import EvidenceFormat
from duologue.export.inference import InferenceFormat
from duologue.export.jsonl import JsonlFormat
from duologue.export.parquet import ParquetFormat
from duologue.export.preference import PreferenceFormat
from duologue.export.protocol import ContestFormat, Format
from duologue.export.spc import SpcFormat

GROUP = "duologue.formats"
"""The entry point group; our own names can't be taken over."""

BUILT_IN: Mapping[str, Callable[[], Format | ContestFormat]] = MappingProxyType(
    {
        "spc": SpcFormat,
        "jsonl": JsonlFormat,
        "parquet": ParquetFormat,
        "evidence": EvidenceFormat,
        "chat": ChatFormat,
        "preference": PreferenceFormat,
        "convai2": Convai2Format,
        "inference": InferenceFormat,
    }
)


def format_names() -> list[str]:
    """Return the names of all formats, ours first."""
    return [*BUILT_IN, *sorted(e.name for e in entry_points(group=GROUP) if e.name not in BUILT_IN)]


def get_format(name: str) -> Format | ContestFormat:
    """Return the format called ``name``. Raises :class:`UsageError` when there is none, or its package is broken."""
    if name in BUILT_IN:
        return BUILT_IN[name]()
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            try:
                made: Format | ContestFormat = entry.load()()
            except Exception as error:
                raise UsageError(
                    f"the format {name!r} ({entry.value}) can't be loaded: {in_one_line(error)}; "
                    "repair or remove the package that brings it"
                ) from error
            return made
    raise UsageError(f"there is no export format {name!r}; formats: {', '.join(format_names())}")
