"""The conversations that the quality scorer's weights are made from: what was written for duologue, and
Synthetic-Persona-Chat's validation part (CC-BY 4.0). No human rating is among them."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from duologue.models.embedder import load_embedder
from duologue.seeds.spc import CONVERSATION

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
OURS = (
    *sorted((ROOT / "training" / "generator").glob("handwritten_*.jsonl")),
    ROOT / "src" / "duologue" / "data" / "examples.jsonl",
)
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation."""

    id: str
    utterances: tuple[str, ...]
    ours: bool
    """Whether it was written by hand for duologue."""


def ours() -> list[Talk]:
    """The hand-written ones."""
    found = []
    for path in OURS:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                row = json.loads(line)
                found.append(Talk(row["id"], tuple(row["utterances"]), True))
    return found


def spc(path: Path, most: int, longest: int) -> list[Talk]:
    """The first ``most`` of Synthetic-Persona-Chat whose speakers alternate, cut to ``longest`` utterances."""
    found: list[Talk] = []
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file)):
            said = _alternating(row[CONVERSATION])
            if said is not None:
                found.append(Talk(f"spc-{number:04}", said[:longest], False))
            if len(found) == most:
                break
    return found


def _alternating(cell: str) -> tuple[str, ...] | None:
    said = []
    for number, line in enumerate(line for line in cell.splitlines() if line.strip()):
        label, _, text = line.strip().partition(":")
        if label != f"User {number % 2 + 1}" or not text.strip():
            return None
        said.append(text.strip())
    return tuple(said)


class Remembered:
    """The MiniLM embedder with its vectors kept in a file, so that a second run need not compute them anew."""

    name = "minilm"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._embedder = load_embedder("minilm")
        self._held: dict[str, Floats] = {}
        if path.is_file():
            with np.load(path, allow_pickle=False) as file:
                texts = json.loads(bytes(file["texts"]).decode())
                self._held = dict(zip(texts, file["vectors"], strict=True))

    def embed(self, texts: tuple[str, ...] | list[str]) -> Floats:
        """Unit rows, (len(texts), 384)."""
        fresh = [t for t in dict.fromkeys(texts) if t not in self._held]
        for start in range(0, len(fresh), 512):
            part = fresh[start : start + 512]
            self._held.update(zip(part, self._embedder.embed(part), strict=True))
            if len(fresh) > 512:
                self.save()
                print(f"embedded {start + len(part)} of {len(fresh)}", flush=True)
        return np.array([self._held[t] for t in texts], dtype=np.float32).reshape(len(texts), -1)

    def save(self) -> None:
        """Write the file."""
        texts = np.frombuffer(json.dumps(list(self._held)).encode(), dtype=np.uint8)
        np.savez(self._path, texts=texts, vectors=np.array(list(self._held.values())))
