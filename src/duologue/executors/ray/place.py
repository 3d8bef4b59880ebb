"""A Ray cluster as the place of a run."""

from __future__ import annotations

from types import TracebackType

from duologue.config.sections import Config
from duologue.executors.parts import Parts
from duologue.executors.protocol import Executor
from duologue.executors.ray.executor import RayExecutor
from duologue.executors.ray.models import RayEmbedder, RayNli, Shared
from duologue.executors.ray.paths import absolute
from duologue.executors.ray.session import RaySession
from duologue.models.protocol import Embedder, Nli
from duologue.models.stoppable import Check


class RayPlace:
    """See :class:`duologue.executors.make.Place`."""

    def __init__(self, config: Config) -> None:
        self._small = absolute(config).small_models
        self._session = RaySession(config.executor)
        self._shared = Shared(self._session, self._small.embedder, self._small.nli)

    def __enter__(self) -> RayPlace:
        self._session.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.__exit__(kind, error, trace)

    def embedder(self, inner: Embedder, check: Check) -> Embedder:
        """See the Protocol."""
        return RayEmbedder(inner, self._shared, check)

    def nli(self, inner: Nli, check: Check) -> Nli:
        """See the Protocol."""
        return RayNli(inner, self._shared, check)

    def executor(self, parts: Parts) -> Executor:
        """See the Protocol."""
        return RayExecutor(self._session, parts)
