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
from written import read_blocks

from conversations import Row, key

HERE = Path(__file__).parent
ALLOWED = {"non-entailment": (1, 2), "non-contradiction": (0, 1)} | {name: (i,) for i, name in enumerate(LABELS)}
SHARES = {
    "rules": 0.08,
    "handwritten": 0.70,
    "far": 0.07,
    "own": 0.04,
    "question": 0.03,
    "denied": 0.02,
    "snli": 0.04,
    "breaking": 0.02,
}
"""What an epoch is made of, by source."""


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a .jsonl or .jsonl.gz file; a damaged file is an error that says so."""
    try:
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise SystemExit(f"{path.name} cannot be read ({error}): fetch a good copy, or leave that set out") from error


def handwritten(split: str, author: str = "*") -> list[dict[str, str]]:
    """The handwritten pairs of one split; each file has one author, the first is ``handwritten.jsonl``."""
    return [
        {**row, "author": path.stem}
        for path in _files()
        if author in ("*", path.stem)
        for row in (read_rows(path) if path.suffix == ".jsonl" else read_blocks(path))
        if row["split"] == split
    ]


def authors() -> list[str]:
    """The names of the handwritten files."""
    return [path.stem for path in _files()]


def _files() -> list[Path]:
    return [*sorted(HERE.glob("handwritten*.jsonl")), *sorted((HERE / "blocks").glob("*.txt"))]


def open_split(path: Path) -> dict[str, dict[str, list[dict[str, str]]]]:
    """``nli_snli_breaking.jsonl`` by set ("snli", "breaking") and split; every fourth premise is kept for measuring."""
    out: dict[str, dict[str, list[dict[str, str]]]] = {s: {"train": [], "test": []} for s in ("snli", "breaking")}
    for row in read_rows(path):
        name = "snli" if "snli" in row["set"] else "breaking"
        out[name]["test" if zlib.crc32(row["premise"].encode()) % 4 == 0 else "train"].append(row)
    return out


def to_rows(rows: list[dict[str, str]]) -> list[Row]:
    """Rows as training triples."""
    return [(r["premise"], r["hypothesis"], ALLOWED[r["label"]]) for r in rows]


def rule_rows(n: int, rng: random.Random) -> list[Row]:
    """Fresh rule-made pairs."""
    return [(p, h, ALLOWED[label]) for p, h, label, _ in Maker(rng).stream(n)]


def restyled(rows: list[Row], rng: random.Random, filled: float = 0.2) -> list[Row]:
    """Rows in other spellings, some premises with a filler sentence; a contradiction now and then the other way round."""
    fillers, out = read_fillers(), []
    for p, h, label in rows:
        if label == (2,) and rng.random() < 0.25:
            p, h = h, p
        p = surface.chat(p, fillers, rng) if rng.random() < filled else p
        out.append((surface.style(p, rng), surface.style(h, rng), label))
    return out


def without(rows: list[Row], left_out: frozenset[str]) -> list[Row]:
    """The rows that hold none of the attributes whose keys are ``left_out``, neither as premise nor as hypothesis."""
    return [row for row in rows if key(row[0]) not in left_out and key(row[1]) not in left_out]


def epoch(number: int, size: int, sources: dict[str, list[Row]], left_out: frozenset[str] = frozenset()) -> list[Row]:
    """``size`` pairs by ``SHARES``, shuffled; a source that is missing leaves its share to nobody."""
    rng = random.Random(1000 + number)
    rows = without(rule_rows(int(size * SHARES["rules"]), rng), left_out)
    for name, held in sources.items():
        wanted = int(size * SHARES[name])
        # Whole passes, then a sample, so that small sources are seen evenly.
        drawn = held * (wanted // len(held)) + rng.sample(held, wanted % len(held)) if held else []
        rows += drawn if name in ("snli", "breaking") else restyled(drawn, rng, 0.2 if name == "handwritten" else 0.0)
    rng.shuffle(rows)
    return rows
