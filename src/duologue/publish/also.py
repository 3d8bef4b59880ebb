"""Further formats of a published folder, each in a folder of its own, one file a split.

A data set on the hub is loaded by one builder, so what it is to show has to be Parquet like the data itself; the other formats
are files to download.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from duologue.errors import UsageError
from duologue.export.protocol import Format
from duologue.export.registry import get_format
from duologue.export.spc import SpcFormat
from duologue.export.splits import Split
from duologue.export.write import export_run
from duologue.publish.data import HUB_NAMES
from duologue.store.reading import RunReader

SHOWN = ("chat", "preference", "inference", "evidence")
"""Formats that the hub can show as a configuration of their own."""
_SUFFIX = {"spc": ".csv", "convai2": ".txt"}
_GROUP = 1024


def check_formats(names: tuple[str, ...], *, exact: bool = False) -> None:
    """Raise UsageError for a format that is not there, is named twice, or is always written, and for ``exact`` without CSV."""
    if exact and SpcFormat.name not in names:
        raise UsageError("--exact: is for the format spc alone; add --also spc, or leave it out")
    for name in names:
        if name in ("parquet", "data"):
            raise UsageError("--also: the Parquet files are always there; name another format")
        get_format(name)
    if len(set(names)) != len(names):
        raise UsageError(f"--also: a format is named twice in {', '.join(names)}")


def write_also(
    reader: RunReader, name: str, splits: list[Split], folder: Path, tell: Callable[[str], None], *, exact: bool = False
) -> Iterator[str]:
    """Write one format and yield the names of its files. A split for which it has nothing gets no file.

    ``exact``: see :class:`~duologue.export.spc.SpcFormat`.
    """
    tell(name)
    chosen: str | Format = SpcFormat(exact=True) if exact and name == SpcFormat.name else name
    for split in splits:
        file = folder / name / f"{HUB_NAMES[split]}{_SUFFIX.get(name, '.jsonl')}"
        export_run(reader, chosen, file, split=split)
        if file.stat().st_size and name in SHOWN:
            columnar = file.with_suffix(".parquet")
            _to_parquet(file, columnar, name)
            yield columnar.relative_to(folder).as_posix()
        elif file.stat().st_size:
            yield file.relative_to(folder).as_posix()
            continue
        file.unlink()
    with suppress(OSError):
        (folder / name).rmdir()


def _to_parquet(lines: Path, to: Path, name: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(name)
    with lines.open("rb") as file, pq.ParquetWriter(to, schema, compression="zstd") as writer:
        while rows := [orjson.loads(line) for line in islice(file, _GROUP)]:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def _schema(name: str) -> Any:
    import pyarrow as pa

    text, small = pa.string(), pa.int8()
    messages = pa.list_(pa.struct([("role", text), ("content", text)]))
    fields: dict[str, list[tuple[str, Any]]] = {
        "chat": [("id", text), ("conversation", text), ("split", text), ("speaker", small), ("messages", messages)],
        "preference": [
            *(("id", text), ("conversation", text), ("split", text)),
            *(("prompt", messages), ("chosen", messages), ("rejected", messages)),
            *(("by", text), ("why", text), ("iteration", pa.int32())),
        ],
        "inference": [
            *(("id", text), ("conversation", text), ("split", text), ("speaker", small), ("text", text)),
            *(("attributes", pa.list_(text)), ("voiced", pa.list_(text))),
        ],
        "evidence": [
            *(("conversation", text), ("split", text), ("candidate", text), ("rejected_by", text)),
            *(("index", pa.int32()), ("speaker", small)),
            *(("utterance", text), ("before", text), ("kind", text), ("attribute", text), ("against", text)),
            *(("label", text), ("score", pa.float64()), ("verbatim", pa.bool_())),
        ],
    }
    return pa.schema(fields[name])
