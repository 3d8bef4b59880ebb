"""Natural language inference with a cross-encoder on onnxruntime: our own small one, or any in a folder.

Our own has a second head, which says how well a response fits what was said before it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from duologue.errors import ModelError
from duologue.models.files import sha256_of
from duologue.models.onnx import OnnxText, Remembering, VectorCache
from duologue.models.protocol import Fit, Floats, Nli
from duologue.models.scripted import ScriptedFit, ScriptedNli

LABELS = ("entailment", "neutral", "contradiction")
"""The order of the columns that :meth:`OnnxNli.predict` returns."""
CACHE_SIZE = 200_000
"""Pairs kept."""
HUB_LENGTH = 256
"""Most tokens of both texts that a model from the hub reads."""
FIT_OUTPUT = "fit"
"""The graph's output with the logit of the fit, (pairs, 1)."""
CONTEXT_UTTERANCES = 2
CONTEXT_WORDS = 60
"""Most utterances and words that the fit head reads before the response; it was trained so."""

_graphs: WeakValueDictionary[tuple[Path, str, int, int | None], OnnxText] = WeakValueDictionary()
_graphs_lock = threading.Lock()


class OnnxNli(Remembering):
    """A three-way cross-encoder from a folder with ``model.onnx``, ``tokenizer.json`` and ``meta.json``.

    ``meta.json`` holds ``labels`` (the three labels in the graph's order), ``max_length`` (tokens of both texts
    together), ``version`` and ``sha256`` (of model.onnx, which is checked). A folder as it lies on the Hugging Face hub
    will do too: ``config.json`` (its ``id2label`` are the labels), ``tokenizer.json``, and ``onnx/model.onnx`` or
    ``model.onnx``; it is read up to 256 tokens. Thread-safe. Raises ModelError when the folder is incomplete, the hash
    differs or the runtime is not installed.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        meta = _checked(folder)
        self._order = [meta["labels"].index(label) for label in LABELS]
        self._graph = _graph_of(folder, meta, threads)
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


class OnnxFit:
    """How well a response fits its context, by the ``fit`` output of a model as in :class:`OnnxNli`.

    A graph loaded for both roles is held once. Thread-safe. Raises ModelError as there, and for a graph without that
    output.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        meta = _checked(folder)
        self._graph = _graph_of(folder, meta, threads)
        if FIT_OUTPUT not in self._graph.outputs:
            raise ModelError(
                f"NLI model: {folder / 'model.onnx'} has no output {FIT_OUTPUT!r}, so it can't say how well a response "
                "fits; name builtin"
            )
        self._cache: VectorCache[tuple[str, str]] = VectorCache(CACHE_SIZE)
        self.name = f"{folder.name}-{meta['version']}"

    def score(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Return an array (len(pairs),) of probabilities in [0, 1]; each pair is (context, response)."""
        keys = [(context, response) for context, response in pairs]
        known = self._cache.get(keys)
        missing = [pair for pair in dict.fromkeys(keys) if pair not in known]
        fresh: dict[tuple[str, str], Floats] = {}
        for rows, logits, _ in self._graph.run(missing, FIT_OUTPUT):
            rates = 1.0 / (1.0 + np.exp(-logits.reshape(len(rows), -1)))
            fresh.update((missing[row], rate.copy()) for row, rate in zip(rows, rates, strict=True))
        self._cache.put(fresh)
        known.update(fresh)
        return np.array([known[pair][0] for pair in keys], dtype=np.float32)


def fit_context(utterances: Sequence[str]) -> str:
    """Return what the fit model reads of the utterances before a response: the end of the last two, in one line."""
    said = " ".join(u for u in utterances[-CONTEXT_UTTERANCES:] if u)
    return " ".join(said.split()[-CONTEXT_WORDS:])


def _checked(folder: Path) -> dict[str, Any]:
    """Return the meta file of a complete, undamaged folder, with the path of its graph under ``graph``."""
    if not (folder / "meta.json").is_file() and (folder / "config.json").is_file():
        return _as_on_the_hub(folder)
    for name in ("model.onnx", "tokenizer.json", "meta.json"):
        if not (folder / name).is_file():
            raise ModelError(f"NLI model: {folder} has no {name}; name another folder in small_models.nli")
    meta = _read_meta(folder / "meta.json")
    if sha256_of(folder / "model.onnx") != meta["sha256"]:
        raise ModelError(
            f"NLI model: {folder / 'model.onnx'} is damaged or another file (its SHA-256 is not that of meta.json) "
            "and was not loaded; install duologue or the model anew"
        )
    return {**meta, "graph": folder / "model.onnx"}


def _as_on_the_hub(folder: Path) -> dict[str, Any]:
    """The same of a folder in the hub's layout, which names no hash."""
    graph = next((g for g in (folder / "onnx" / "model.onnx", folder / "model.onnx") if g.is_file()), None)
    if graph is None or not (folder / "tokenizer.json").is_file():
        what = "onnx/model.onnx" if graph is None else "tokenizer.json"
        raise ModelError(f"NLI model: {folder} has no {what}; fetch it too, or name another folder in small_models.nli")
    path = folder / "config.json"
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        named = {int(number): str(label).lower() for number, label in held["id2label"].items()}
        most = int(held.get("max_position_embeddings") or HUB_LENGTH)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"NLI model: {path} names no labels (id2label) that can be read") from error
    labels = [named[number] for number in sorted(named)]
    if sorted(labels) != sorted(LABELS):
        raise ModelError(
            f"NLI model: id2label in {path} must be {', '.join(LABELS)}; it is no three-way inference model"
        )
    digest = sha256_of(graph)
    length = min(HUB_LENGTH, most)
    return {"labels": labels, "max_length": length, "sha256": digest, "version": digest[:12], "graph": graph}


def _graph_of(folder: Path, meta: dict[str, Any], threads: int | None) -> OnnxText:
    """Return the graph, the one in use where there is one."""
    key = (folder.resolve(), str(meta["sha256"]), int(meta["max_length"]), threads)
    with _graphs_lock:
        graph = _graphs.get(key)
        if graph is None:
            graph = OnnxText(meta["graph"], folder / "tokenizer.json", meta["max_length"], threads)
            _graphs[key] = graph
        return graph


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
    return OnnxNli(_folder(name), threads)


def load_fit(name: str, *, threads: int | None = None) -> Fit:
    """Return the fit model that belongs to :func:`load_nli` of the same name.

    Raises ModelError when there is no such folder, it can't be loaded or its graph has no fit output.
    """
    if name == "scripted":
        return ScriptedFit()
    return OnnxFit(_folder(name), threads)


def _folder(name: str) -> Path:
    if name == "builtin":
        return builtin_folder()
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise ModelError(
            f"small_models.nli: {name!r} is neither builtin, scripted nor a folder with an ONNX model; fetch one of the hub into a folder first"
        )
    return folder
