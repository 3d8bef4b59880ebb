"""Joining or starting Ray, and how many workers there are."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from duologue.config.sections import ExecutorConfig
from duologue.errors import ConfigError, UsageError
from duologue.executors.ray.actors import Actors, RayCluster
from duologue.executors.ray.room import lacking, places

_log = logging.getLogger("duologue")

STARTS = 3
"""Times that Ray is tried to be started here."""
OBJECT_STORE = 256 * 2**20
"""Bytes of shared memory on a machine where Ray is started by us; shards travel as names, so little is needed."""


def check_ray(config: ExecutorConfig) -> None:
    """Refuse what can't work before anything is started. Raises UsageError without Ray, ConfigError for an address."""
    try:
        import ray.data  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"executor ray needs the package ray[data] ({error.name} is missing); install it with: pip install 'duologue[ray]'"
        ) from error
    if (config.address or os.environ.get("RAY_ADDRESS", "")).startswith("ray://"):
        raise ConfigError(
            "executor.address: ray:// is a remote client without a place for the run folder; run duologue on a machine of "
            "the cluster (ray job submit, or a shell on the head node) with address auto"
        )


def _start(options: dict[str, Any], tries: int) -> None:
    """Raises UsageError when Ray can't be had."""
    import ray

    for left in reversed(range(tries)):
        try:
            ray.init(**options)
        except Exception as error:
            # Ray raises bare Exceptions too. On a very busy machine its parts do not wait long enough for each other.
            ray.shutdown()
            if left:
                _log.warning("Ray did not start (%s); trying again", error)
                continue
            where = "started on this machine" if options["address"] == "local" else f"reached at {options['address']}"
            first = str(error).strip().splitlines()
            raise UsageError(
                f"executor.address: Ray can't be {where} ({first[0] if first else type(error).__name__}); see `ray status`, "
                "or use executor local"
            ) from error
        return


class RaySession:
    """Ray for the time of one run: what was not running is started, and ended again. A context manager."""

    def __init__(self, config: ExecutorConfig) -> None:
        self._config = config
        self._own = False
        self._kept: Actors | None = None
        """Actors of :meth:`shared`."""
        self.threads = max(1, int(config.cpus))
        """Threads of a worker's small models."""

    def __enter__(self) -> RaySession:
        import ray

        if not ray.is_initialized():
            joins = self._config.address or os.environ.get("RAY_ADDRESS")
            options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.WARNING}
            if joins is None:
                # Nothing is reported to anybody from a run that did not ask for it.
                os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
                cpus = os.cpu_count() or 1
                need = math.ceil((self._config.workers or 1) * self._config.cpus)
                # Without "local" Ray would join a cluster that somebody else has running on this machine.
                options |= {"address": "local", "num_cpus": max(cpus, need), "include_dashboard": False}
                options["object_store_memory"] = OBJECT_STORE
            else:
                options["address"] = joins
            _start(options, tries=1 if joins else STARTS)
            self._own = True
            if joins is None and not places(ray.nodes(), self._config):
                said = self.lacking()
                ray.shutdown()
                raise ConfigError(
                    f"executor.{'gpus' if self._config.gpus else 'cpus'}: {said}; lower it, or name a cluster in executor.address"
                )
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import ray

        self.release()
        if self._own:
            ray.shutdown()

    def workers(self) -> int:
        """How many workers the configuration names or the cluster's nodes have room for, at least 1."""
        import ray

        return self._config.workers or max(1, places(ray.nodes(), self._config))

    def lacking(self) -> str | None:
        """Why no node has room for a worker; None where one has."""
        import ray

        nodes = ray.nodes()
        return None if places(nodes, self._config) else lacking(nodes, self._config)

    def pool(self, rows: list[dict[str, Any]], blocks: int, worker: type, arguments: dict[str, Any], size: int) -> Any:
        """A dataset that maps ``rows``, cut into ``blocks``, through ``size`` actors of the class ``worker``."""
        import ray.data

        data = ray.data.from_items(rows, override_num_blocks=blocks)
        data.context.enable_progress_bars = False
        data.context.print_on_execution_start = False
        resources: dict[str, Any] = {"num_cpus": self._config.cpus}
        if self._config.gpus:
            resources["num_gpus"] = self._config.gpus
        return data.map_batches(
            worker,
            batch_size=None,
            batch_format="numpy",
            compute=ray.data.ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=1),
            fn_constructor_kwargs=arguments,
            **resources,
        )

    def shared(
        self,
        worker: type,
        arguments: dict[str, Any],
        method: str,
        parts: Sequence[Sequence[Any]],
        check: Callable[[], None],
    ) -> list[Any] | None:
        """What ``method`` of an actor of the class ``worker`` returns for each of the ``parts``, in their order.

        None when no actor answered in time. The actors, as many as there are workers, stay until :meth:`release`;
        ``worker`` and ``arguments`` are the same in every call. ``check`` is called while it waits and may raise. Raises
        RuntimeError when actors are lost again and again, and Ray's own errors.
        """
        if self._kept is None:
            self._kept = Actors(RayCluster(worker, arguments, self._config.cpus), self.workers())
        return self._kept.map(method, parts, check)

    def release(self) -> None:
        """End the actors of :meth:`shared`, so that their CPUs are free for others."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.end()
