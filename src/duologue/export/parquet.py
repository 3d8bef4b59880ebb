"""Native rows as Parquet, with an explicit schema, written one row group at a time.

Needs ``pyarrow`` (the optional extra ``parquet``), imported only when such a file is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from duologue.errors import UsageError
from duologue.export.rows import row_of
from duologue.records import Conversation

GROUP = 1024
"""Rows held in memory and written as one row group."""


class ParquetFormat:
    """Writes the rows of :mod:`duologue.export.rows` as nested columns, compressed with zstd."""

    name = "parquet"

    def write(self, rows: Iterable[Conversation], to: Path) -> int:
        """Write one row a conversation; a file without rows still has the schema."""
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError as error:
            raise UsageError(
                "the format parquet needs pyarrow; install it with: pip install 'duologue[parquet]'"
            ) from error
        table_schema = schema()
        remaining = iter(rows)
        count = 0
        with to.open("xb") as file, pq.ParquetWriter(file, table_schema, compression="zstd") as writer:
            while group := [row_of(conversation) for conversation in islice(remaining, GROUP)]:
                writer.write_table(pa.Table.from_pylist(group, schema=table_schema))
                count += len(group)
        return count


def schema() -> Any:
    """Return the ``pyarrow.Schema`` of the file; the columns are the keys of the native row."""
    import pyarrow as pa

    text, whole, real = pa.string(), pa.int64(), pa.float64()
    speaker = pa.int8()

    def items(*fields: tuple[str, Any]) -> Any:
        return pa.list_(pa.struct(list(fields)))

    user = pa.struct(
        [("id", text), ("attributes", items(("id", text), ("text", text), ("origin", text), ("category", text)))]
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
                ),
            ),
            ("coverage", pa.struct([("user_1", real), ("user_2", real)])),
            (
                "verdicts",
                items(("expert", text), ("kind", text), ("value", real), ("passed", pa.bool_()), ("reason", text)),
            ),
            ("votes", real),
        ]
    )
