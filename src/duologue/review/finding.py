"""Looking for evidence on demand, in conversations of files that hold none: the Critic's own matrix, small models only."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from duologue.config.sections import CriticConfig
from duologue.records import Candidate, Evidence

if TYPE_CHECKING:
    from duologue.models.protocol import Embedder, Nli


class Finder:
    """Finds evidence with an embedder and an NLI model, loaded when first needed; nothing is fetched for it."""

    def __init__(self, embedder: str = "minilm", nli: str = "builtin") -> None:
        """Names as in the configuration's ``small_models``."""
        self._names = embedder, nli
        self._models: tuple[Embedder, Nli] | None = None
        self._lock = threading.Lock()

    def find(self, candidate: Candidate) -> tuple[Evidence, ...]:
        """All evidence of one conversation. Takes seconds. Raises ModelError where a model is not here or won't load."""
        from duologue.conversations.critic.evidence.heads import shipped_heads
        from duologue.conversations.critic.evidence.matrix import evidence_matrix
        from duologue.models.embedder import load_embedder
        from duologue.models.nli import load_nli

        # One at a time: a page asked for twice must not take both cores.
        with self._lock:
            if self._models is None:
                embedder, nli = self._names
                self._models = load_embedder(embedder, fetch=False, threads=1), load_nli(nli, threads=1)
            config = CriticConfig.model_validate({})
            one, other = self._models
            return evidence_matrix(candidate, embedder=one, nli=other, heads=shipped_heads(), config=config).evidence
