"""Native rows as Parquet, with an explicit schema, written one row group at a time.

Needs ``pyarrow`` (the optional extra ``parquet``), imported only when such a file is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from duologue.errors import UsageError
from duologue.export.rows import Row, row_of
from duologue.records import Conversation

GROUP = 1024
"""Rows held in memory and written as one row group."""


class ParquetFormat:
    """Writes the rows of :mod:`duologue.export.rows` as nested columns, compressed with zstd."""

    name = "parquet"

    def write(self, rows: Iterable[Conversation], to: Path) -> int:
        """Write one row a conversation; a file without rows still has the schema."""
        with ParquetSink(to) as sink:
            for conversation in rows:
                sink.add(conversation)
        return sink.count


class ParquetSink:
    """A new Parquet file that takes one conversation after another. A context manager."""

    def __init__(self, to: Path) -> None:
        """Raises UsageError without ``pyarrow``, FileExistsError when the file is there."""
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError as error:
            raise UsageError(
                "the format parquet needs pyarrow; install it with: pip install 'duologue[parquet]'"
            ) from error
        self.count = 0
        """Conversations taken so far."""
        self._schema = schema()
        self._table = pa.Table
        self._rows: list[Row] = []
        self._file = to.open("xb")
        self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")

    def add(self, conversation: Conversation) -> None:
        """Take one more."""
        self.add_row(row_of(conversation))

    def add_row(self, row: Row) -> None:
        """Take one more, as its native row."""
        self._rows.append(row)
        self.count += 1
        if len(self._rows) >= GROUP:
            self._flush()

    def close(self, *, flush: bool = True) -> None:
        """Write what is held, unless ``flush`` is false, and the file's end."""
        try:
            if flush:
                self._flush()
            self._writer.close()
        finally:
            self._file.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._table.from_pylist(self._rows, schema=self._schema))
            self._rows.clear()

    def __enter__(self) -> ParquetSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(flush=kind is None)


def schema() -> Any:
    """Return the ``pyarrow.Schema`` of the file; the columns are the keys of the native row."""
    import pyarrow as pa

    text, whole, real = pa.string(), pa.int64(), pa.float64()
    speaker = pa.int8()

    def items(*fields: tuple[str, Any]) -> Any:
        return pa.list_(pa.struct(list(fields)))

    user = pa.struct(
        [
            ("id", text),
            (
                "attributes",
                items(
                    ("id", text),
                    ("text", text),
                    ("origin", text),
                    ("category", text),
                    ("carried", pa.list_(pa.int32())),
                ),
            ),
        ]
    )
    return pa.schema(
        [
            ("id", text),
            ("split", text),
            ("iteration", pa.int32()),
            ("mode", text),
            ("model", text),
            ("prompt_hash", text),
            ("seed", whole),
            (
                "pairing",
                pa.struct([("policy", text), ("score", real), ("shared", items(("user_1", text), ("user_2", text)))]),
            ),
            ("user_1", user),
            ("user_2", user),
            ("utterances", items(("speaker", speaker), ("text", text))),
            (
                "evidence",
                items(
                    ("owner", speaker),
                    ("attribute", text),
                    ("text", text),
                    ("utterance", pa.int32()),
                    ("speaker", speaker),
                    ("label", text),
                    ("score", real),
                    ("swapped", pa.bool_()),
                    ("verbatim", pa.bool_()),
                    ("other", pa.int32()),
                ),
            ),
            ("coverage", pa.struct([("user_1", real), ("user_2", real)])),
            (
                "verdicts",
                items(
                    ("expert", text),
                    ("kind", text),
                    ("value", real),
                    ("passed", pa.bool_()),
                    ("reason", text),
                    ("utterances", pa.list_(pa.int32())),
                    ("scores", pa.list_(real)),
                ),
            ),
            ("votes", real),
            ("hand", text),
        ]
    )
