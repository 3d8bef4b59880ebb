"""Rows for training and checking: {"premise", "hypothesis", "label", "set", "split"}."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from pathlib import Path

import surface
from model import LABELS
from pairs import Maker
from rules import read_fillers

HANDWRITTEN = Path(__file__).parent / "handwritten.jsonl"
Row = tuple[str, str, tuple[int, ...]]  # premise, hypothesis, the labels that count as right
ALLOWED = {"non-entailment": (1, 2), "non-contradiction": (0, 1)} | {name: (i,) for i, name in enumerate(LABELS)}


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a .jsonl or .jsonl.gz file; a damaged file is an error that says so."""
    try:
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise SystemExit(f"{path.name} cannot be read ({error}): fetch a good copy, or leave that set out") from error
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def handwritten(split: str) -> list[dict[str, str]]:
    """The handwritten pairs of one split."""
    return [r for r in read_rows(HANDWRITTEN) if r["split"] == split]


def to_rows(rows: list[dict[str, str]]) -> list[Row]:
    """Rows as training triples."""
    return [(r["premise"], r["hypothesis"], ALLOWED[r["label"]]) for r in rows]


def epoch(number: int, n_rules: int, times_handwritten: int, open_rows: list[Row]) -> list[Row]:
    """Fresh rule-made pairs, restyled handwritten ones and the open sets, shuffled."""
    rng = random.Random(1000 + number)
    rows: list[Row] = [(p, h, ALLOWED[label]) for p, h, label, _ in Maker(rng).stream(n_rules)]
    fillers = read_fillers()
    for _ in range(times_handwritten):
        for p, h, label in to_rows(handwritten("train")):
            p = surface.chat(p, fillers, rng) if rng.random() < 0.25 else p
            rows.append((surface.style(p, rng), surface.style(h, rng), label))
    rows += open_rows
    rng.shuffle(rows)
    return rows
