"""Actors that share out the parts of a request: only those that answer get one, and a lost one's part goes to another."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

READY = 90.0
"""Seconds in which an actor must have answered for the first time, or no part is waited for."""
LONGEST = 300.0
"""Seconds after which an actor that has a part counts as lost. A part takes seconds; at its first one an actor loads its
models, and may have to fetch them."""
POLL = 0.5
"""Seconds between two looks at whether the run is to stop."""
LOSSES = 3
"""Losses, for each actor that there is to be, after which the cluster is given up."""


class Lost(Exception):
    """An actor, or what it returned, is gone."""


class Cluster(Protocol):
    """Where actors live. References and actors are whatever the cluster uses; references can be keys of a dict."""

    def start(self) -> tuple[Any, Any]:
        """Ask for an actor: (actor, reference that is ready when the actor is)."""
        ...

    def ask(self, actor: Any, method: str, part: Sequence[Any]) -> Any:
        """Have an actor work on a part: the reference of its result."""
        ...

    def wait(self, references: Sequence[Any], seconds: float) -> Sequence[Any]:
        """Those that are ready, after at most so many seconds."""
        ...

    def get(self, reference: Any) -> Any:
        """The result of a ready reference. Raises Lost, or what the actor's method raised."""
        ...

    def end(self, actor: Any) -> None:
        """End an actor, in whatever state it is."""


class Actors:
    """As many actors as are wanted, as far as the cluster has room for them. Not thread-safe."""

    def __init__(self, cluster: Cluster, count: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._count = count
        self._clock = clock
        self._starting: dict[Any, Any] = {}
        """By reference: actors that have not answered yet. They get no part."""
        self._idle: list[Any] = []
        self._busy: dict[Any, tuple[Any, int, float]] = {}
        """By reference: actor, number of its part, and since when it has it."""
        self._losses = 0
        self._since = clock()
        """When an actor was last asked for."""
        for _ in range(count):
            self._start()

    def map(self, method: str, parts: Sequence[Sequence[Any]], check: Callable[[], None]) -> list[Any] | None:
        """What ``method`` returns for each of the ``parts``, in their order; None when no actor answered in time.

        ``check`` is called while it waits and may raise. Raises RuntimeError when actors are lost again and again, and
        what ``method`` raises.
        """
        found: dict[int, Any] = {}
        todo = deque(range(len(parts)))
        try:
            while len(found) < len(parts):
                check()
                while todo and self._idle:
                    actor, number = self._idle.pop(), todo.popleft()
                    self._busy[self._cluster.ask(actor, method, parts[number])] = actor, number, self._clock()
                late = not self._busy and self._clock() - self._since > READY
                # Who has started meanwhile, however late, is taken; nobody is waited for.
                ready = self._cluster.wait([*self._starting, *self._busy], 0.0 if late else POLL)
                if late and not ready:
                    return None
                for reference in ready:
                    self._take(reference, found, todo)
                for reference, (actor, number, since) in list(self._busy.items()):
                    if self._clock() - since > LONGEST:
                        del self._busy[reference]
                        self._lose(actor, number, todo)
        finally:
            # What is still worked on, nobody waits for.
            for actor, _, _ in self._busy.values():
                self._cluster.end(actor)
            self._busy.clear()
        return [found[number] for number in range(len(parts))]

    def end(self) -> None:
        """End all actors."""
        for actor in (*self._starting.values(), *self._idle):
            self._cluster.end(actor)
        self._starting.clear()
        self._idle.clear()

    def _start(self) -> None:
        actor, reference = self._cluster.start()
        self._starting[reference] = actor
        self._since = self._clock()

    def _take(self, reference: Any, found: dict[int, Any], todo: deque[int]) -> None:
        number = None
        if reference in self._starting:
            actor = self._starting.pop(reference)
        else:
            actor, number, _ = self._busy.pop(reference)
        try:
            result = self._cluster.get(reference)
        except Lost:
            self._lose(actor, number, todo)
            return
        if number is not None:
            found[number] = result
        self._idle.append(actor)

    def _lose(self, actor: Any, number: int | None, todo: deque[int]) -> None:
        self._cluster.end(actor)
        if number is not None:
            todo.appendleft(number)
        self._losses += 1
        if self._losses > LOSSES * self._count:
            raise RuntimeError(f"{self._losses} actors were lost")
        self._start()


class RayCluster:
    """Ray as a :class:`Cluster`. Actors are not started again by Ray: it would wait for room, and so would whoever asks."""

    def __init__(self, worker: type, arguments: dict[str, Any], cpus: float) -> None:
        """Actors of the class ``worker``, made with ``arguments``, each with so many CPUs."""
        import ray

        self._actor: Any = ray.remote(num_cpus=cpus, max_restarts=0, max_task_retries=0)(worker)
        self._arguments = arguments

    def start(self) -> tuple[Any, Any]:
        """See the Protocol."""
        actor = self._actor.remote(**self._arguments)
        return actor, actor.__ray_ready__.remote()

    def ask(self, actor: Any, method: str, part: Sequence[Any]) -> Any:
        """See the Protocol."""
        return getattr(actor, method).remote(part)

    def wait(self, references: Sequence[Any], seconds: float) -> Sequence[Any]:
        """See the Protocol."""
        import ray

        if not references:
            time.sleep(seconds)
            return []
        ready: list[Any] = ray.wait(list(references), timeout=seconds)[0]
        return ready

    def get(self, reference: Any) -> Any:
        """See the Protocol."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        try:
            return ray.get(reference, timeout=READY)
        except RayTaskError:
            raise
        except RayError as error:
            raise Lost(str(error)) from error

    def end(self, actor: Any) -> None:
        """See the Protocol."""
        import ray

        ray.kill(actor)
