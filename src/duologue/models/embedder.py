"""Sentence embeddings: all-MiniLM-L6-v2 (Reimers and Gurevych 2019, arXiv 1908.10084) on onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from duologue.errors import UsageError
from duologue.models.fetch import OnProgress, ensure
from duologue.models.onnx import OnnxText, Remembering, VectorCache
from duologue.models.protocol import Embedder, Floats
from duologue.models.registry import find
from duologue.models.scripted import ScriptedEmbedder

DIMENSIONS = 384
MAX_TOKENS = 128
CACHE_SIZE = 32_768
"""Vectors kept; 1.5 kB each."""


class MiniLmEmbedder(Remembering):
    """Mean of the token vectors, scaled to unit length: float32 rows of 384 numbers.

    Texts beyond 128 tokens are cut. A vector does not depend on the texts embedded with it. Thread-safe.
    """

    name = "minilm"

    def __init__(self, model: Path, tokenizer: Path, threads: int | None = None) -> None:
        self._graph = OnnxText(model, tokenizer, MAX_TOKENS, threads)
        self._cache: VectorCache[str] = VectorCache(CACHE_SIZE)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return an array (len(texts), 384) of unit-length rows."""
        known = self._cache.get(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            fresh = self._compute(missing)
            self._cache.put(fresh)
            known.update(fresh)
        result = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in enumerate(texts):
            result[row] = known[text]
        return result

    def _compute(self, texts: Sequence[str]) -> dict[str, Floats]:
        vectors: dict[str, Floats] = {}
        for rows, hidden, mask in self._graph.run(texts):
            means = (hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
            means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
            # Copies, so that a cached row does not keep its whole batch alive.
            vectors.update((texts[row], vector.copy()) for row, vector in zip(rows, means, strict=True))
        return vectors


def load_embedder(
    name: str, *, fetch: bool = True, on_progress: OnProgress | None = None, threads: int | None = None
) -> Embedder:
    """Return the embedder ``minilm`` or ``scripted``.

    A model that is not here is pulled, unless ``fetch`` is False. Raises UsageError for an unknown name, ModelError
    when the model can't be had or loaded.
    """
    if name == "scripted":
        return ScriptedEmbedder()
    if name != "minilm":
        raise UsageError(f"small_models.embedder: there is no embedder {name!r}; use minilm or scripted")
    entry = find("minilm")
    model = ensure(entry, "model.onnx", fetch=fetch, on_progress=on_progress)
    tokenizer = ensure(entry, "tokenizer.json", fetch=fetch, on_progress=on_progress)
    return MiniLmEmbedder(model, tokenizer, threads)
