"""Near-duplicates among up to hundreds of thousands of conversations: MinHash signatures and banding, never all pairs.

Two conversations are near-duplicates when the share of runs of three words that they have in common (Jaccard) is at
least 0.8 by their signatures of 64 permutations, which err by 0.05 (one standard deviation). Signatures are made by
datasketch; its LSH index holds a set of keys per band and conversation, which at 100,000 conversations takes over
400 MB, so bands are compared by sorting arrays (256 bytes a conversation) instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from duologue.errors import UsageError
from duologue.evaluation.view import View

PERMUTATIONS = 64
BANDS = 16
"""Of four values each: a pair alike to 0.8 is found with probability 0.9998."""
ALIKE = 0.8
WORDS = 3
_ROWS = PERMUTATIONS // BANDS
_BLOCK = 4096
_HEADS = 200
_LEAKS = 2000
"""Most that each of a band is compared with; bands hold more only where texts are made from one mould."""

Signatures = npt.NDArray[np.uint32]


class Signer:
    """Makes and keeps the signature of each conversation of a data set, in order."""

    def __init__(self) -> None:
        self._empty: Any = None
        self._full: list[Signatures] = []
        self._open = np.zeros((_BLOCK, PERMUTATIONS), dtype=np.uint32)
        self._used = 0

    def add(self, view: View) -> None:
        """Sign one conversation. Those of fewer than three words are alike to nothing."""
        words = [word for said in view.words for word in said]
        shingles = {" ".join(run) for run in zip(*(islice(words, i, None) for i in range(WORDS)), strict=False)}
        if self._empty is None:
            self._empty = _unsigned()
        if self._used == _BLOCK:
            self._full.append(self._open)
            self._open = np.zeros((_BLOCK, PERMUTATIONS), dtype=np.uint32)
            self._used = 0
        if shingles:
            signed = self._empty.copy()
            signed.update_batch([text.encode() for text in shingles])
            self._open[self._used] = signed.hashvalues
        self._used += 1

    def signatures(self) -> Signatures:
        """All of them, (conversations, 64); a row of zeros for a conversation of fewer than three words. Not to be changed."""
        if self._used or len(self._full) != 1:
            # Kept joined: asked again, it is no second copy.
            self._full = [np.concatenate([*self._full, self._open[: self._used]])]
            self._open, self._used = np.zeros((_BLOCK, PERMUTATIONS), dtype=np.uint32), 0
        return self._full[0]


def _unsigned() -> Any:
    try:
        from datasketch import MinHash
    except ImportError as error:
        raise UsageError("near-duplicates: datasketch is not installed: pip install 'duologue[evaluate]'") from error
    # Its SHA-1 takes most of the time, and what is hashed here need not withstand anybody.
    return MinHash(num_perm=PERMUTATIONS, seed=1, hashfunc=crc32)


def near_duplicates(signatures: Signatures, earlier: int | None = None) -> npt.NDArray[np.bool_]:
    """Say of each conversation whether one before it is a near-duplicate, (conversations,).

    ``earlier``: only the first so many count as earlier, and of them nothing is said; None for all before.
    """
    n = len(signatures)
    found = np.zeros(n, dtype=np.bool_)
    signed: npt.NDArray[np.bool_] = np.any(signatures, axis=1)
    for band in range(BANDS):
        keys = np.zeros(n, dtype=np.uint64)
        for column in range(band * _ROWS, (band + 1) * _ROWS):
            # Mixed into one number; rows that share it by chance are told apart when they are compared.
            keys = (keys ^ signatures[:, column].astype(np.uint64)) * np.uint64(0x100000001B3)
        for rows in _alike(keys):
            if earlier is None:
                _repeated(signatures, rows[signed[rows]], found)
            else:
                _leaked(signatures, rows[signed[rows]], found, earlier)
    return found


def _alike(keys: npt.NDArray[np.uint64]) -> Iterator[npt.NDArray[np.int64]]:
    """Rows that hold the same key, in order, for keys that more than one row holds."""
    if not len(keys):
        return
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    ends = np.append(starts[1:], len(keys))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if end - start > 1:
            yield np.sort(order[start:end])


def _repeated(signatures: Signatures, rows: npt.NDArray[np.int64], found: npt.NDArray[np.bool_]) -> None:
    """Mark those of the rows that are alike to an earlier one that is no duplicate itself."""
    heads: list[int] = []
    for row in rows.tolist():
        if found[row]:
            continue
        if heads and _alike_to_any(signatures[heads], signatures[row]):
            found[row] = True
        elif len(heads) < _HEADS:
            # Compared with the first of its kind only, a large band stays cheap.
            heads.append(row)


def _leaked(signatures: Signatures, rows: npt.NDArray[np.int64], found: npt.NDArray[np.bool_], earlier: int) -> None:
    """Mark those of the rows from ``earlier`` on that are alike to one before it, be that a duplicate there or not."""
    before = signatures[rows[rows < earlier]]
    if not len(before):
        return
    heads = np.unique(before, axis=0)[:_LEAKS]
    for row in rows[rows >= earlier].tolist():
        found[row] = found[row] or _alike_to_any(heads, signatures[row])


def _alike_to_any(heads: Signatures, signature: Signatures) -> bool:
    return bool((np.mean(heads == signature, axis=1) >= ALIKE).any())
