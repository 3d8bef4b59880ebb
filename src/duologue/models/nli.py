"""Natural language inference with a cross-encoder on onnxruntime: our own small one, or any in a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from duologue.errors import ModelError
from duologue.models.files import sha256_of
from duologue.models.onnx import OnnxText, VectorCache
from duologue.models.protocol import Floats, Nli
from duologue.models.scripted import ScriptedNli

LABELS = ("entailment", "neutral", "contradiction")
"""The order of the columns that :meth:`OnnxNli.predict` returns."""
CACHE_SIZE = 200_000
"""Pairs kept."""


class OnnxNli:
    """A three-way cross-encoder from a folder with ``model.onnx``, ``tokenizer.json`` and ``meta.json``.

    ``meta.json`` holds ``labels`` (the three labels in the graph's order), ``max_length`` (tokens of both texts
    together), ``version`` and ``sha256`` (of model.onnx, which is checked). Thread-safe. Raises ModelError when the
    folder is incomplete, the hash differs or the runtime is not installed.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        for name in ("model.onnx", "tokenizer.json", "meta.json"):
            if not (folder / name).is_file():
                raise ModelError(f"NLI model: {folder} has no {name}; name another folder in small_models.nli")
        meta = _read_meta(folder / "meta.json")
        if sha256_of(folder / "model.onnx") != meta["sha256"]:
            raise ModelError(
                f"NLI model: {folder / 'model.onnx'} is damaged or another file (its SHA-256 is not that of meta.json) "
                "and was not loaded; install duologue or the model anew"
            )
        self._order = [meta["labels"].index(label) for label in LABELS]
        self._graph = OnnxText(folder / "model.onnx", folder / "tokenizer.json", meta["max_length"], threads)
        self._cache: VectorCache[tuple[str, str]] = VectorCache(CACHE_SIZE)
        self.name = f"{folder.name}-{meta['version']}"

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Return an array (len(pairs), 3) of probabilities: entailment, neutral, contradiction. Rows sum to 1."""
        keys = [(premise, hypothesis) for premise, hypothesis in pairs]
        known = self._cache.get(keys)
        missing = [pair for pair in dict.fromkeys(keys) if pair not in known]
        if missing:
            fresh = self._compute(missing)
            self._cache.put(fresh)
            known.update(fresh)
        result = np.empty((len(keys), len(LABELS)), dtype=np.float32)
        for row, pair in enumerate(keys):
            result[row] = known[pair]
        return result

    def _compute(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Floats]:
        found: dict[tuple[str, str], Floats] = {}
        for rows, logits, _ in self._graph.run(pairs):
            if logits.ndim != 2 or logits.shape[1] != len(LABELS):
                raise ModelError(f"NLI model {self.name}: the graph gives {logits.shape}, not three logits per pair")
            ordered = logits[:, self._order]
            exponents = np.exp(ordered - ordered.max(axis=1, keepdims=True))
            rates = exponents / exponents.sum(axis=1, keepdims=True)
            found.update((pairs[row], rate.copy()) for row, rate in zip(rows, rates, strict=True))
        return found


def _read_meta(path: Path) -> dict[str, Any]:
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"NLI model: {path} can't be read as JSON ({type(error).__name__})") from error
    if not isinstance(meta, dict):
        raise ModelError(f"NLI model: {path} must hold an object")
    labels, length = meta.get("labels"), meta.get("max_length")
    if not isinstance(labels, list) or sorted(map(str, labels)) != sorted(LABELS):
        raise ModelError(f"NLI model: labels in {path} must be {', '.join(LABELS)}, in the graph's order")
    if not isinstance(length, int) or isinstance(length, bool) or length < 8:
        raise ModelError(f"NLI model: max_length in {path} must be a number of tokens, at least 8")
    if not isinstance(meta.get("sha256"), str):
        raise ModelError(f"NLI model: {path} must name the sha256 of model.onnx")
    return {"labels": labels, "max_length": length, "sha256": meta["sha256"], "version": str(meta.get("version", "0"))}


def builtin_folder() -> Path:
    """The folder of the model that ships with duologue."""
    return Path(str(resources.files("duologue"))) / "weights" / "nli"


def load_nli(name: str, *, threads: int | None = None) -> Nli:
    """Return ``builtin`` (the model that ships with duologue), ``scripted``, or the model in the folder ``name``.

    Raises ModelError when there is no such folder or it can't be loaded.
    """
    if name == "scripted":
        return ScriptedNli()
    if name == "builtin":
        return OnnxNli(builtin_folder(), threads)
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise ModelError(f"small_models.nli: {name!r} is neither builtin, scripted nor a folder with an ONNX model")
    return OnnxNli(folder, threads)
