"""Embeddings and inference in bulk on the cluster: an Embedder and an Nli that share large requests out.

Levels 1 and 2 ask again and again, for at most some thousands of texts or pairs, so the actors stay, models loaded, until the
conversations begin.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np

from duologue.errors import DuologueError
from duologue.executors.ray.session import RaySession
from duologue.models.embedder import load_embedder
from duologue.models.nli import load_nli
from duologue.models.protocol import Embedder, Floats, Nli
from duologue.models.stoppable import Check

_log = logging.getLogger("duologue")

BULK = 2_000
"""Different texts or pairs from which the cluster is asked; fewer are done here sooner."""
PART = 256
"""Texts or pairs that an actor gets at once."""

Asked = TypeVar("Asked", bound=Hashable)


class SmallModels:
    """The actor: the small models of the configuration, each loaded when it is first asked."""

    def __init__(self, embedder: str, nli: str, threads: int) -> None:
        self._names = embedder, nli
        self._threads = threads
        self._embedder: Embedder | None = None
        self._nli: Nli | None = None

    def embed(self, texts: Sequence[str]) -> Floats:
        """An array (len(texts), dimensions)."""
        self._embedder = self._embedder or load_embedder(self._names[0], threads=self._threads)
        return self._embedder.embed(texts)

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """An array (len(pairs), 3)."""
        self._nli = self._nli or load_nli(self._names[1], threads=self._threads)
        return self._nli.predict(pairs)


class Shared:
    """The cluster's actors as both models use them. When they fail, the work is done in this process from then on; while
    none answers, what is asked is."""

    def __init__(self, session: RaySession, embedder: str, nli: str, bulk: int = BULK) -> None:
        """``embedder`` and ``nli`` are the models' names in the configuration; ``bulk`` is at least 1."""
        self._session = session
        self._arguments = {"embedder": embedder, "nli": nli, "threads": session.threads}
        self._bulk = bulk
        self._failed = self._waited = False

    def ask(self, method: str, asked: Sequence[Asked], check: Check) -> Floats | None:
        """One row for each thing asked, in its order; None where it is to be done here. Raises what ``check`` raises."""
        if self._failed or len(asked) < self._bulk:
            return None
        parts = [asked[start : start + PART] for start in range(0, len(asked), PART)]
        try:
            found = self._session.shared(SmallModels, self._arguments, method, parts, check)
        except DuologueError:
            # The run is to end. What an actor's model raises comes as an error of Ray's.
            raise
        except Exception as error:
            # Ray raises errors of many kinds; none of them is worth the run.
            said = (str(error).strip().splitlines() or [""])[-1]
            _log.warning(
                "the small models work in this process: their actors failed (%s: %s)", type(error).__name__, said
            )
            self._failed = True
            self._session.release()
            return None
        if found is None:
            if not self._waited:
                _log.warning("the small models work in this process until an actor on the cluster answers")
            self._waited = True
            return None
        return np.concatenate(found)


class RayEmbedder:
    """An Embedder whose large requests go to the actors; see :class:`duologue.models.protocol.Embedder`."""

    def __init__(self, inner: Embedder, shared: Shared, check: Check) -> None:
        """``inner`` answers what is small; ``check`` is called while actors are waited for."""
        self.name = inner.name
        self._inner = inner
        self._shared = shared
        self._check = check

    def embed(self, texts: Sequence[str]) -> Floats:
        """See the Protocol."""
        different = list(dict.fromkeys(texts))
        rows = self._shared.ask("embed", different, self._check)
        return self._inner.embed(texts) if rows is None else _in_order(texts, different, rows)


class RayNli:
    """An Nli whose large requests go to the actors; see :class:`duologue.models.protocol.Nli`."""

    def __init__(self, inner: Nli, shared: Shared, check: Check) -> None:
        """``inner`` answers what is small; ``check`` is called while actors are waited for."""
        self.name = inner.name
        self._inner = inner
        self._shared = shared
        self._check = check

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """See the Protocol."""
        different = list(dict.fromkeys(pairs))
        rows = self._shared.ask("predict", different, self._check)
        return self._inner.predict(pairs) if rows is None else _in_order(pairs, different, rows)


def _in_order(asked: Sequence[Asked], different: Sequence[Asked], rows: Floats) -> Floats:
    if len(asked) == len(different):
        return rows
    places = {one: at for at, one in enumerate(different)}
    return rows[[places[one] for one in asked]]
