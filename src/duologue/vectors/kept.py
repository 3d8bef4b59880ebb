"""An embedder that embeds each text once, for stages that ask about the same texts one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from duologue.models.protocol import Embedder, Floats

CHUNK = 16_384
"""Texts embedded at once; bounds what the embedder holds beside the table."""
MANY = 4096
"""Texts asked for at once from which on they are kept; an embedder's own cache does for fewer that are not."""


class KeptVectors:
    """An Embedder that keeps the vectors of many texts asked for at once; see :class:`duologue.models.protocol.Embedder`.

    1.5 kB for each different text, in one table, and no copy where texts are asked for in the table's order: the stages of
    levels 1 and 2 share one array. Meant to live as long as they take; not thread-safe.
    """

    def __init__(self, inner: Embedder) -> None:
        self.name = inner.name
        self._inner = inner
        self._rows: dict[str, int] = {}
        self._table: Floats | None = None

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return an array (len(texts), dimensions) of unit-length rows, not to be written to."""
        if len(texts) < MANY and not (texts and all(text in self._rows for text in texts)):
            return self._inner.embed(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in self._rows]
        table = self._table
        if missing or table is None:
            table = self._table = self._grown(missing)
        rows = np.fromiter((self._rows[text] for text in texts), dtype=np.int64, count=len(texts))
        if len(rows) and rows[-1] == rows[0] + len(rows) - 1 and (np.diff(rows) == 1).all():
            part: Floats = table[rows[0] : rows[-1] + 1]
            part.flags.writeable = False
            return part
        chosen: Floats = table[rows]
        return chosen

    def _grown(self, texts: Sequence[str]) -> Floats:
        """The table with the vectors of ``texts``, which are not in it, at its end."""
        old = len(self._rows)
        table = np.empty((0, 0), dtype=np.float32)
        for start in range(0, len(texts), CHUNK):
            vectors = self._inner.embed(texts[start : start + CHUNK])
            if not len(table):
                table = np.empty((old + len(texts), vectors.shape[1]), dtype=np.float32)
            table[old + start : old + start + len(vectors)] = vectors
        if self._table is not None:
            table[:old] = self._table
        for text in texts:
            self._rows[text] = len(self._rows)
        return table
