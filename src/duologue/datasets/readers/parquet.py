"""Parquet, one row a conversation, in any layout of :mod:`duologue.datasets.layouts`: a file, or a folder of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from duologue.datasets.layouts import dialogue_of, key_of, layout_of, split_name
from duologue.datasets.problems import BadRow
from duologue.datasets.protocol import Look
from duologue.datasets.records import Dialogue, Problem, Provenance
from duologue.errors import UsageError

BATCH = 256
"""Rows held in memory at a time."""
_NEEDED = re.compile(
    r"^(?:id|split|model|user_[12]|utterances|turns|dialogue|persona_.*|user_[12]_personas"
    r"|best_generated_conversation)$"
)
"""Columns that a layout has, by :func:`duologue.datasets.layouts.key_of`."""
_SPLIT = re.compile(r"^(train|training|valid|validation|val|dev|test)(?![a-z])", re.IGNORECASE)


class ParquetReader:
    """Reads our own export, what ``duologue publish`` writes, and files like them. Needs ``pyarrow``."""

    name = "parquet"

    def __init__(self, *, whole: bool = False) -> None:
        """``whole`` reads all columns and keeps each row in :attr:`Dialogue.row`."""
        self._whole = whole

    def recognises(self, look: Look) -> bool:
        """A Parquet file, or a folder that holds some, itself or in a folder ``data``."""
        return look.head.startswith(b"PAR1") or any(_in_data(name) for name in look.names)

    def read(self, source: str) -> Iterator[Dialogue | Problem]:
        """See the Protocol. A row group that can't be read is one problem."""
        path = Path(source)
        row = 0
        for file in parquet_files(path):
            # A file's name gives the split only where a folder holds one file (or more) a split.
            match = _SPLIT.match(file.name) if path.is_dir() else None
            split = split_name(match.group(1).lower()) if match else ""
            for value in _rows(file, whole=self._whole):
                row += 1
                try:
                    if isinstance(value, BadRow):
                        raise value
                    found = dialogue_of(value, Provenance(source, self.name, row), split)
                    yield replace(found, row=value) if self._whole else found
                except BadRow as problem:
                    yield problem.at(row)


def _in_data(name: str) -> bool:
    return name.endswith(".parquet") and name.count("/") == name.startswith("data/")


def parquet_files(path: Path) -> list[Path]:
    """The Parquet files of a folder in the order in which they are read, or the one file. Raises UsageError for none."""
    if not path.is_dir():
        return [path]
    found = sorted([*path.glob("*.parquet"), *path.glob("data/*.parquet")], key=_order)
    if not found:
        raise UsageError(f"{path}: holds no Parquet file, in itself or in a folder data; name another")
    return found


def _order(file: Path) -> tuple[int, str]:
    match = _SPLIT.match(file.name)
    names = ("train", "valid", "test")
    split = split_name(match.group(1).lower()) if match else ""
    return (names.index(split) if split in names else len(names), file.name)


def _rows(path: Path, *, whole: bool = False) -> Iterator[dict[str, Any] | BadRow]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UsageError(f"{path} needs pyarrow; install it with: pip install 'duologue[parquet]'") from error
    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError as error:
        raise UsageError(f"{path}: there is no such file or folder; check the path") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        cause = " ".join(str(error).split())[:150]
        raise UsageError(f"{path} can't be read as Parquet ({cause}); was it copied in full?") from error
    with file:
        names = list(file.schema_arrow.names)
        if layout_of(names) is None:
            raise UsageError(
                f"{path}: its columns are {', '.join(names)[:200]}; a data set has user_1, user_2 and utterances"
            )
        columns = [name for name in names if whole or _NEEDED.match(key_of(name))]
        for group in range(file.num_row_groups):
            try:
                for batch in file.iter_batches(batch_size=BATCH, row_groups=[group], columns=columns):
                    yield from batch.to_pylist()
            except (pa.ArrowException, OSError, ValueError) as error:
                yield BadRow("a row group that can't be read", error)
