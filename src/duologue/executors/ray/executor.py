"""The driver's side: cuts an iteration's pairs into shards, has Ray Data hand them out, and folds in what comes back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from array import array
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any

from duologue import errors
from duologue.backends.protocol import Backend
from duologue.conversations.pool import Pool
from duologue.engine.usage import NOTHING, plus
from duologue.errors import DuologueError, RunStopped, StoreError, UsageError
from duologue.executors.parts import Parts
from duologue.executors.protocol import Work
from duologue.executors.ray.hub import Hub
from duologue.executors.ray.link import ask
from duologue.executors.ray.messages import Job, News, Places
from duologue.executors.ray.paths import absolute
from duologue.executors.ray.session import RaySession
from duologue.executors.ray.worker import Report, ShardWorker
from duologue.records import Conversation, Pair
from duologue.store.codec import decode
from duologue.store.fold import FOLDER, fold, fold_left
from duologue.store.revisions import Revision

_log = logging.getLogger("duologue")

SHARD = 256
"""Pairs of a shard. At its end fewer and fewer are in flight, so small shards leave the model idle."""
POLL = 0.5
"""Seconds between two looks at what the workers have done."""
SILENCE = 90.0
"""Seconds without a word from any worker that has a shard after which their shards are handed out anew. Workers send
word every second; the wait is for Ray to start lost ones again."""
GRACE = 30.0
"""Seconds that the workers get to end in order when the run is to stop."""


class RayExecutor:
    """Has shards of pairs worked on by the cluster; see :class:`duologue.executors.protocol.Executor`."""

    def __init__(self, session: RaySession, parts: Parts) -> None:
        """Raises UsageError when ``parts.backend`` can't be sent to workers."""
        self._session = session
        self._parts = parts
        self._backend = packed(parts.backend)
        self._hub: Any = None
        self._counted = NOTHING

    async def winners(
        self, pairs: Sequence[Pair], iteration: int, pool: Pool, work: Work
    ) -> AsyncGenerator[Conversation | None, None]:
        """See the Protocol. What earlier passes finished is taken from the run folder here."""
        # Places of pairs, 8 bytes each: pairs are made when they are looked at, and are not to be kept.
        todo = array("q")
        for place, pair in enumerate(pairs):
            known = await self._parts.memory.recall("conversation", iteration, pair.id)
            # A pair that failed is tried again, as in one process.
            if known is None or known.status == "failed":
                todo.append(place)
            else:
                yield await work(pair)
        if todo:
            async with contextlib.aclosing(self._spread(pairs, todo, iteration, pool)) as found:
                async for winner in found:
                    yield winner

    async def _spread(
        self, pairs: Sequence[Pair], places: Sequence[int], iteration: int, pool: Pool
    ) -> AsyncGenerator[Conversation | None, None]:
        parts = self._parts
        parts.engine.check()
        await parts.ledger.flush()
        # The small models' actors of level 1 hold the CPUs that the workers need.
        self._session.release()
        workers = self._session.workers()
        left = cut(places, parts.config.executor.shards, workers, _name(parts.revision, iteration))
        hub = self._hub = self._hub or self._make_hub()
        shards = {name: ranges(pairs[place].index for place in shard) for name, shard in left.items()}
        await ask(hub.plan, iteration, shards, parts.engine.spent)
        job = Job(
            absolute(parts.config).model_dump_json(),
            iteration,
            pool,
            parts.revision,
            parts.revision.id > 1 or parts.revision.pass_ > 1,
            self._backend,
        )
        failed: DuologueError | None = None
        try:
            while left:
                async with contextlib.aclosing(self._reports(list(left), job, min(workers, len(left)))) as reports:
                    async for shard, state, note in reports:
                        if state != "done" and failed is None:
                            failed = _error(state, note)
                            await ask(hub.stop, note)
                        for winner in await self._folded(
                            shard, (pairs[place].id for place in left.pop(shard)), iteration
                        ):
                            yield winner
        finally:
            # Logs of shards that ended badly, or that nobody reported: what they hold is the run's all the same.
            with contextlib.suppress(StoreError):
                await self._hear()
                await ask(hub.close)
            await fold_left(parts.folder, parts.database)
        if failed is not None:
            # Workers that were told to end only say that they stopped; the driver knows why.
            parts.engine.check()
            raise failed

    async def _folded(self, shard: str, pairs: Iterable[str], iteration: int) -> list[Conversation | None]:
        """Fold a shard that has ended; return the winners of its pairs (by id) that were finished."""
        path = self._parts.folder / FOLDER / f"{shard}.sqlite"
        if path.exists():
            await fold(path, self._parts.database)
        found: list[Conversation | None] = []
        for pair in pairs:
            outcome = await self._parts.memory.recall("conversation", iteration, pair)
            if outcome is not None:
                data = outcome.data if outcome.status == "accepted" else None
                found.append(decode(Conversation, data) if isinstance(data, bytes) else None)
        return found

    async def _reports(self, shards: list[str], job: Job, workers: int) -> AsyncGenerator[Report, None]:
        """Yield a report for each shard, in the order in which they end, while the driver keeps an eye on the run.

        Ends early, for the rest to be handed out anew, when nothing more is heard of the workers that have it.
        """
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Report | BaseException] = asyncio.Queue()
        threading.Thread(
            target=self._map, args=(shards, job, workers, loop, queue), name="duologue-ray", daemon=True
        ).start()
        until: float | None = None
        missing = len(shards)
        given_up = begun = warned = False
        started = heard = loop.time()
        while missing:
            try:
                found = await asyncio.wait_for(queue.get(), POLL)
            except TimeoutError:
                active = (await self._hear()).active
                begun = begun or active > 0
                if not begun and not warned and loop.time() - started > SILENCE:
                    warned = True
                    _log.warning(
                        "no worker has begun after %.0f s (%s); the run goes on when there is one, or stop it with Ctrl+C",
                        SILENCE,
                        self._session.lacking() or "there is room for one; it is taken, or the cluster is slow",
                    )
                if not given_up and loop.time() - heard > SILENCE and await self._gave_up():
                    given_up = True
                stopped = self._parts.engine.stopped
                if stopped is not None:
                    if until is None:
                        until = loop.time() + GRACE
                        await ask(self._hub.stop, str(stopped))
                    if not active or loop.time() > until:
                        raise stopped from None
                continue
            if isinstance(found, BaseException):
                if given_up:
                    return
                raise _lost(found) from found
            missing -= 1
            begun = True
            heard = loop.time()
            yield found

    async def _gave_up(self) -> bool:
        """Whether the workers that have shards were silent for too long; they are ended then, if they still are."""
        import ray

        silent: list[Any] = await ask(self._hub.silent, SILENCE)
        for worker in silent:
            ray.kill(worker)
        if silent:
            _log.warning(
                "nothing was heard of %d worker(s) for %.0f s; what they had is handed out anew", len(silent), SILENCE
            )
        return bool(silent)

    def _map(self, shards: list[str], job: Job, workers: int, loop: Any, queue: Any) -> None:
        """The dataset's run, in a thread of its own."""

        def put(found: Report | BaseException) -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(queue.put_nowait, found)

        try:
            rows = [{"shard": shard} for shard in shards]
            arguments = {"hub": self._hub, "job": job}
            data = self._session.pool(rows, len(rows), ShardWorker, arguments, workers)
            for batch in data.iter_batches(batch_size=None, prefetch_batches=0, batch_format="numpy"):
                for report in zip(batch["shard"], batch["state"], batch["note"], strict=True):
                    put((str(report[0]), str(report[1]), str(report[2])))
        except BaseException as error:
            put(error)

    async def _hear(self) -> News:
        """Tell who follows the run what the workers did, and count it."""
        news: News = await ask(self._hub.news)
        for outcome in news.outcomes:
            self._parts.ledger.tell(outcome)
        self._parts.engine.also(plus(news.usage, self._counted, -1))
        self._counted = news.usage
        return news

    def _make_hub(self) -> Any:
        """The hub, on this machine, where the run folder is."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        actor: Any = ray.remote(num_cpus=0, max_restarts=0, scheduling_strategy=here)(Hub)
        parts = self._parts
        return actor.remote(str(parts.folder.absolute()), parts.revision, parts.config.loop.keep == "best")


def cut(pairs: Sequence[int], shards: int | None, workers: int, name: str) -> dict[str, Sequence[int]]:
    """Neighbouring pairs, by place, as shards of about the same size, by name; ``shards`` of them, or by ``SHARD`` and workers."""
    count = min(len(pairs), shards or max(workers, -(-len(pairs) // SHARD)))
    bounds = [len(pairs) * i // count for i in range(count + 1)]
    return {f"{name}-{i:06d}": pairs[bounds[i] : bounds[i + 1]] for i in range(count)}


def ranges(indices: Iterable[int]) -> Places:
    """Ascending indices as ranges, neighbours in one."""
    found: list[range] = []
    for index in indices:
        if found and found[-1].stop == index:
            found[-1] = range(found[-1].start, index + 1)
        else:
            found.append(range(index, index + 1))
    return tuple(found)


def packed(backend: Backend | None) -> bytes | None:
    """A backend that is not started yet, for the workers. Raises UsageError when it can't be sent."""
    if backend is None:
        return None
    from ray import cloudpickle

    try:
        data: bytes = cloudpickle.dumps(backend)
    except Exception as error:
        raise UsageError(
            f"the backend {backend.name} can't be sent to workers ({type(error).__name__}: {error}); use executor local"
        ) from error
    return data


def _name(revision: Revision, iteration: int) -> str:
    return f"r{revision.id}-p{revision.pass_}-i{iteration}"


def _error(state: str, note: str) -> DuologueError:
    """What a worker met, as it would have been raised here."""
    kind = getattr(errors, state, RunStopped)
    return kind(note) if isinstance(kind, type) and issubclass(kind, DuologueError) else RunStopped(note)


def _lost(error: BaseException) -> DuologueError:
    """An error of Ray itself, or of code that must not fail, in one line."""
    said = [line.strip() for line in str(error).splitlines() if line.strip()]
    what = said[-1] if said else type(error).__name__
    return RunStopped(
        f"Ray gave up on the workers ({type(error).__name__}: {what}); run the same command again to go on"
    )
