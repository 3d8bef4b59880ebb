"""From the configuration to the place where a run's work is done."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Protocol

from duologue.config.sections import Config, ExecutorConfig
from duologue.errors import ConfigError
from duologue.executors.parts import Parts
from duologue.executors.protocol import Executor
from duologue.models.protocol import Embedder, Nli
from duologue.models.stoppable import Check

_log = logging.getLogger("duologue")

_RAY_ONLY = ("address", "workers", "shards", "cpus", "gpus", "endpoints")


class Place(Protocol):
    """A context manager for the time of a run."""

    def __enter__(self) -> Place:
        """Start what is needed."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what was started."""

    def embedder(self, inner: Embedder, check: Check) -> Embedder:
        """The embedder for the stages of this process. Where it waits for others it calls ``check``, which may raise."""
        ...

    def nli(self, inner: Nli, check: Check) -> Nli:
        """The NLI model for the stages of this process; ``check`` as in :meth:`embedder`."""
        ...

    def executor(self, parts: Parts) -> Executor | None:
        """Where pairs are worked on; None for this process."""
        ...


def check_executor(config: Config) -> None:
    """Refuse an executor that can't work, before anything is started. Raises UsageError or ConfigError."""
    if config.executor.storage is not None:
        from duologue.export.sharded import check_storage

        check_storage(config.executor.storage)
    if config.executor.kind == "local":
        return
    if config.loop.method != "few-shot":
        raise ConfigError(
            f"loop.method: {config.loop.method} changes the model between iterations, which executor ray can't; use few-shot"
        )
    from duologue.executors.ray.session import check_ray

    check_ray(config.executor)


def open_place(config: Config) -> Place:
    """The place that ``config.executor`` names, not entered yet."""
    if config.executor.kind == "local":
        return _Here(config.executor)
    from duologue.executors.ray.place import RayPlace

    return RayPlace(config)


class _Here:
    """This process."""

    def __init__(self, config: ExecutorConfig) -> None:
        self._unused = [
            f"executor.{name}"
            for name in _RAY_ONLY
            if getattr(config, name) != ExecutorConfig.model_fields[name].default
        ]

    def __enter__(self) -> _Here:
        """Say which settings do nothing here: a configuration may keep them for another day."""
        if self._unused:
            calls = "; all calls go to model.base_url" if "executor.endpoints" in self._unused else ""
            _log.warning("unused with executor local, they are for ray: %s%s", ", ".join(self._unused), calls)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is to end."""

    def embedder(self, inner: Embedder, check: Check) -> Embedder:
        """See the Protocol."""
        return inner

    def nli(self, inner: Nli, check: Check) -> Nli:
        """See the Protocol."""
        return inner

    def executor(self, parts: Parts) -> Executor | None:
        """See the Protocol."""
        return None
