"""Embeddings and inference in bulk on the cluster: an Embedder and an Nli that share large requests out."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

import numpy as np

from duologue.executors.ray.session import RaySession
from duologue.models.embedder import load_embedder
from duologue.models.nli import load_nli
from duologue.models.protocol import Embedder, Floats, Nli

BULK = 20_000
"""Different texts or pairs from which the cluster is asked; starting its workers takes seconds."""
BLOCK = 2_000
"""Texts or pairs that a worker gets at once."""

Asked = TypeVar("Asked", bound=Hashable)


class RayEmbedder:
    """An Embedder whose large requests go to the workers; see :class:`duologue.models.protocol.Embedder`."""

    def __init__(self, inner: Embedder, model: str, session: RaySession, bulk: int = BULK) -> None:
        """``inner`` answers what is small; ``model`` is its name in the configuration."""
        self.name = inner.name
        self._inner = inner
        self._model = model
        self._session = session
        self._bulk = bulk

    def embed(self, texts: Sequence[str]) -> Floats:
        """See the Protocol."""
        different = list(dict.fromkeys(texts))
        if len(different) < self._bulk:
            return self._inner.embed(texts)
        rows = _spread(self._session, EmbedWorker, self._model, different)
        return _in_order(texts, different, rows)


class RayNli:
    """An Nli whose large requests go to the workers; see :class:`duologue.models.protocol.Nli`."""

    def __init__(self, inner: Nli, model: str, session: RaySession, bulk: int = BULK) -> None:
        """``inner`` answers what is small; ``model`` is its name in the configuration."""
        self.name = inner.name
        self._inner = inner
        self._model = model
        self._session = session
        self._bulk = bulk

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """See the Protocol."""
        different = list(dict.fromkeys(pairs))
        if len(different) < self._bulk:
            return self._inner.predict(pairs)
        return _in_order(pairs, different, _spread(self._session, NliWorker, self._model, different))


class EmbedWorker:
    """For ``Dataset.map_batches``: embeds the column ``text``."""

    def __init__(self, model: str, threads: int) -> None:
        self._model = load_embedder(model, threads=threads)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return the places and the vectors."""
        return {"at": batch["at"], "row": self._model.embed([str(text) for text in batch["first"]])}


class NliWorker:
    """For ``Dataset.map_batches``: judges the columns ``first`` (premise) and ``second`` (hypothesis)."""

    def __init__(self, model: str, threads: int) -> None:
        self._model = load_nli(model, threads=threads)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return the places and the probabilities."""
        pairs = [(str(a), str(b)) for a, b in zip(batch["first"], batch["second"], strict=True)]
        return {"at": batch["at"], "row": self._model.predict(pairs)}


def _spread(session: RaySession, worker: type, model: str, asked: Sequence[str | tuple[str, str]]) -> Floats:
    """One row for each thing asked, in its order."""
    rows: list[dict[str, Any]] = []
    for at, one in enumerate(asked):
        first, second = (one, "") if isinstance(one, str) else one
        rows.append({"at": at, "first": first, "second": second})
    blocks = -(-len(rows) // BLOCK)
    data = session.pool(
        rows, blocks, worker, {"model": model, "threads": session.threads}, min(session.workers(), blocks)
    )
    found: Floats | None = None
    for batch in data.iter_batches(batch_size=None, batch_format="numpy"):
        made = np.asarray(batch["row"], dtype=np.float32)
        if found is None:
            found = np.empty((len(rows), made.shape[1]), dtype=np.float32)
        found[batch["at"]] = made
    assert found is not None
    return found


def _in_order(texts: Sequence[Asked], different: Sequence[Asked], rows: Floats) -> Floats:
    places = {one: at for at, one in enumerate(different)}
    return rows[[places[one] for one in texts]]
