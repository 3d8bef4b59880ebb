"""Small models that refuse further work once the run is to end, so that an interrupt is not kept waiting by a stage
that makes no calls: clustering, profiles and pairing ask them again and again, in threads that nobody can cancel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from duologue.models.protocol import Embedder, Floats, Nli, Toxicity, ToxicityRating

Check = Callable[[], None]
"""Raises RunStopped when the run is to end."""


class StoppableEmbedder:
    """An Embedder; see :class:`duologue.models.protocol.Embedder`."""

    def __init__(self, inner: Embedder, check: Check) -> None:
        self.name = inner.name
        self._inner = inner
        self._check = check

    def embed(self, texts: Sequence[str]) -> Floats:
        """See the Protocol."""
        self._check()
        return self._inner.embed(texts)


class StoppableNli:
    """An Nli; see :class:`duologue.models.protocol.Nli`."""

    def __init__(self, inner: Nli, check: Check) -> None:
        self.name = inner.name
        self._inner = inner
        self._check = check

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """See the Protocol."""
        self._check()
        return self._inner.predict(pairs)


class StoppableToxicity:
    """A Toxicity; see :class:`duologue.models.protocol.Toxicity`. One that waits for a server stops waiting too."""

    def __init__(self, inner: Toxicity, check: Check) -> None:
        self.name = inner.name
        self._inner = inner
        self._check = check
        if hasattr(inner, "check"):
            inner.check = check

    def score(self, texts: Sequence[str], before: Sequence[str] | None = None) -> Floats:
        """See the Protocol."""
        self._check()
        return self._inner.score(texts, before)

    def rate(self, texts: Sequence[str], before: Sequence[str] | None = None) -> tuple[ToxicityRating, ...]:
        """See the Protocol."""
        self._check()
        return self._inner.rate(texts, before)
