"""Pairs written by hand, in files of blocks. Needs no torch: ``bench/critic_sets/pairs.py`` reads the held-out ones with it."""

from __future__ import annotations

import zlib
from pathlib import Path


def read_blocks(path: Path) -> list[dict[str, str]]:
    """Pairs of a file of blocks: a line ``P premise``, then a line ``e``, ``n`` or ``c`` and a hypothesis for each pair.

    Every seventh premise, by its hash, is held out. A line of another form is an error that names it.
    """
    labels = {"e": "entailment", "n": "neutral", "c": "contradiction"}
    rows: list[dict[str, str]] = []
    premise = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        mark, _, text = line.strip().partition(" ")
        if mark == "P" and text:
            premise = text
        elif mark in labels and text and premise:
            split = "test" if zlib.crc32(premise.encode()) % 7 == 0 else "train"
            rows.append({"premise": premise, "hypothesis": text, "label": labels[mark], "split": split})
        elif line.strip():
            raise SystemExit(f"{path.name} line {number}: neither a premise (P) nor a pair (e, n, c): {line[:60]!r}")
    return rows
