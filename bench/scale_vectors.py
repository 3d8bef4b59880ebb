"""Texts and vectors of ``bench/users_scale.py``: embedded, composed, kept in files; with and without copies among them."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scale_input import Expanded, copied, expand, read_attributes

from duologue.models.embedder import load_embedder
from duologue.models.protocol import Embedder, Floats
from duologue.vectors.lists import unit

PIECE = 2_000
DIMENSIONS = 384
LEAST = 20_000
"""Attributes that must be embedded before vectors of others can be composed: below, some words were seen in none."""
SAMPLE = 300
"""Sentences from which the effect of a way to copy nearly is learnt."""
_BLOCK = 65_536


class Table:
    """An embedder that only looks up, like a run's own: without a copy where texts are asked for in the table's order."""

    name = "table"

    def __init__(self, texts: Sequence[str], vectors: Floats) -> None:
        self._rows = {text: row for row, text in enumerate(texts)}
        self._vectors = vectors

    def embed(self, texts: Sequence[str]) -> Floats:
        rows = np.fromiter((self._rows[text] for text in texts), dtype=np.int64, count=len(texts))
        if len(rows) == len(self._vectors) and (rows == np.arange(len(rows))).all():
            return self._vectors
        return self._vectors[rows]


class Inputs:
    """The attributes of one kind (``plain`` or ``copies``) in a folder."""

    def __init__(self, data: Path, folder: Path, kind: str) -> None:
        self.data, self.folder, self.kind = data, folder, kind

    def file(self, name: str, size: int) -> Path:
        """Where something about the first ``size`` attributes is kept."""
        return self.folder / f"{self.kind}-{size}-{name}.npy"

    def load(self, size: int) -> tuple[list[str], Floats]:
        """The first ``size`` texts and their vectors (size, 384). :meth:`make` has made so many."""
        paths = self._made(size)
        if not paths:
            raise SystemExit(f"{self.folder}: has no {self.kind} input of {size:,}; run `users_scale.py run` first")
        with paths[0].with_suffix(".txt").open(encoding="utf-8") as file:
            texts = [line[:-1] for line, _ in zip(file, range(size), strict=False)]
        return texts, np.array(np.load(paths[0], mmap_mode="r")[:size])

    def make(self, size: int) -> dict[str, object] | None:
        """Make the input of ``size`` attributes and return what is to be said of it; None where it is there."""
        if self._made(size):
            return None
        start = time.perf_counter()
        found, vectors, real = compose(self.data, self.folder, size)
        texts = [one.text for one in found]
        said: dict[str, object] = {"embedded": real}
        if size > real:
            said["composed beside embedded"] = fidelity(found, vectors, real)
        if self.kind == "copies":
            texts, vectors, exact = with_copies(texts, vectors, real)
            said["exact copies"], said["near copies"] = exact, size // 10 - exact
        path = self.folder / f"{self.kind}-{size}.npy"
        path.with_suffix(".txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        # Last and at once, because its being there means that the input is.
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, vectors)
        part.rename(path)
        return {**said, "seconds": round(time.perf_counter() - start, 1)}

    def _made(self, size: int) -> list[Path]:
        """Files of at least ``size`` attributes, the shortest first: a longer input begins with the shorter one."""
        found = (path for path in self.folder.glob(f"{self.kind}-*.npy") if path.stem.split("-")[-1].isdigit())
        sizes = sorted((int(path.stem.split("-")[-1]), path) for path in found)
        return [path for there, path in sizes if there >= size]


def embed(data: Path, folder: Path, count: int) -> None:
    """Embed the first ``count`` attributes in pieces; a piece that is there is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [one.text for one in expand(read_attributes(data), count)]
    model: Embedder | None = None
    for start in range(0, count, PIECE):
        path = folder / f"{start:07d}.npy"
        some = texts[start : start + PIECE]
        if path.exists() and len(np.load(path, mmap_mode="r")) >= len(some):
            continue
        model = model or load_embedder("minilm")
        begun, cpu = time.perf_counter(), time.process_time()
        vectors = model.embed(some)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, vectors)
        part.rename(path)
        seconds, used = time.perf_counter() - begun, time.process_time() - cpu
        print(json.dumps({"embedded": start + len(some), "seconds": round(seconds, 1), "CPU ms each": round(used / len(some) * 1e3, 2)}), flush=True)  # fmt: skip


def compose(data: Path, folder: Path, count: int) -> tuple[list[Expanded], Floats, int]:
    """The first ``count`` attributes, their vectors, and how many of these are MiniLM's own."""
    found = expand(read_attributes(data), count)
    vectors = np.empty((count, DIMENSIONS), dtype=np.float32)
    real = 0
    while real < count and (path := folder / f"{real:07d}.npy").exists():
        piece = np.load(path)[: count - real]
        vectors[real : real + len(piece)] = piece
        real += len(piece)
    if real < count:
        if real < LEAST:
            raise SystemExit(f"{folder}: {real:,} attributes are embedded, {LEAST:,} are needed; run `users_scale.py embed` first")  # fmt: skip
        effect = effects(found[:real], vectors[:real])
        for row in range(real, count):
            base = vectors[found[row].base]
            vectors[row] = base + sum(effect.get(new, 0.0) - effect.get(old, 0.0) for old, new in found[row].changes)
        for start in range(real, count, _BLOCK):
            vectors[start : start + _BLOCK] = unit(vectors[start : start + _BLOCK])
    return found, vectors, real


def effects(found: Sequence[Expanded], vectors: Floats) -> dict[str, Floats]:
    """What each word adds to a vector: the least squares fit (with a small ridge) to the real vectors with one change."""
    once = [row for row, one in enumerate(found) if len(one.changes) == 1]
    words = {word: place for place, word in enumerate(dict.fromkeys(w for r in once for w in found[r].changes[0] if w))}
    design = np.zeros((len(once), len(words)), dtype=np.float32)
    for line, row in enumerate(once):
        for word, sign in zip(found[row].changes[0], (-1.0, 1.0), strict=True):
            if word:
                design[line, words[word]] += sign
    moved = vectors[once] - vectors[[found[row].base for row in once]]
    solved = np.linalg.solve(design.T @ design + 3.0 * np.eye(len(words), dtype=np.float32), design.T @ moved)
    return {word: solved[place] for word, place in words.items()}


def with_copies(texts: list[str], vectors: Floats, real: int) -> tuple[list[str], Floats, int]:
    """As many attributes, every tenth a copy of an earlier one; half of the copies are exact. The last value counts these.

    The vector of a near copy is that of its original and what the way of copying adds on average.
    """
    rows, ways, out = copied(texts)
    found = vectors[rows]
    shift: dict[int, Floats] = {}
    for place, way in enumerate(ways):
        if way is not None:
            if way[0] not in shift:
                shift[way[0]] = shift_of(way, texts[:real], vectors)
            found[place] += shift[way[0]]
    for start in range(0, len(found), _BLOCK):
        found[start : start + _BLOCK] = unit(found[start : start + _BLOCK])
    near = sum(way is not None for way in ways)
    return out, found, len(texts) // 10 - near


def shift_of(way: tuple[int, str, str], texts: Sequence[str], vectors: Floats) -> Floats:
    """What putting the second beginning for the first one adds to a vector, on average over some embedded sentences."""
    _, old, new = way
    rows = [row for row, text in enumerate(texts) if text.startswith(old)]
    rows = random.Random(0).sample(rows, min(SAMPLE, len(rows)))
    changed = load_embedder("minilm").embed([new + texts[row][len(old) :] for row in rows])
    moved: Floats = (changed - vectors[rows]).mean(axis=0)
    return moved


def fidelity(found: Sequence[Expanded], vectors: Floats, real: int) -> dict[str, float]:
    """How near composed vectors are to those that MiniLM gives for the same sentences."""
    places = random.Random(0).sample(range(real, len(found)), min(500, len(found) - real))
    true, composed = load_embedder("minilm").embed([found[p].text for p in places]), vectors[places]
    upper = np.triu_indices(len(places), 1)
    pairs = np.corrcoef((true @ true.T)[upper], (composed @ composed.T)[upper])[0, 1]
    cosine = (true * composed).sum(axis=1)
    return {"mean cosine": round(float(cosine.mean()), 4), "5th percentile": round(float(np.quantile(cosine, 0.05)), 4),
            "correlation of pairwise similarities": round(float(pairs), 4)}  # fmt: skip
