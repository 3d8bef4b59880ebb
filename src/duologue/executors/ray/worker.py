"""A worker: an actor of a Ray Data pool that works on one shard after another with an engine of its own."""

from __future__ import annotations

import asyncio
import logging
import pickle
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from duologue.backends.make import JUDGE_LOG, judge_config, make_backend
from duologue.backends.protocol import Answer, Backend, Request
from duologue.config.sections import Config, ModelConfig
from duologue.engine.budget import Budget
from duologue.engine.engine import Engine
from duologue.engine.usage import NOTHING, Usage, plus
from duologue.errors import DuologueError, RunStopped
from duologue.executors.ray.link import Earlier, Link, LinkedDatabase, ask
from duologue.executors.ray.messages import Job, Reply, Work
from duologue.models.embedder import load_embedder
from duologue.models.nli import load_nli
from duologue.models.toxicity import load_toxicity
from duologue.pipeline import Roles, make_loop
from duologue.records import Pair
from duologue.store import schema
from duologue.store.call_log import CallLog
from duologue.store.codec import decode
from duologue.store.database import FILE_NAME
from duologue.store.ledger import ITEM, SqlLedger
from duologue.store.memory import SqlMemory

_log = logging.getLogger("duologue")

Report = tuple[str, str, str]
"""A shard's name, how it ended (``done``, ``stopped`` or the class of an error) and the error's message."""


class ShardWorker:
    """For ``Dataset.map_batches``: takes rows with a ``shard`` and gives a report for each."""

    def __init__(self, hub: Any, job: Job) -> None:
        import ray

        self._hub = hub
        self._handle = ray.get_runtime_context().current_actor
        self._job = job
        self._loop = asyncio.new_event_loop()
        self._scratch = Path(tempfile.mkdtemp(prefix="duologue-"))
        config = Config.model_validate_json(job.config)
        number = ray.get(hub.enter.remote())
        self._config = _for_worker(config, number)
        threads = max(1, int(config.executor.cpus))
        small = config.small_models
        self._error: DuologueError | None = None
        self._judge: _Kept | None = None
        try:
            self._embedder = load_embedder(small.embedder, threads=threads)
            self._nli = load_nli(small.nli, threads=threads)
            self._toxicity = load_toxicity(small.toxicity, perspective=small.perspective)
            self._backend = _Kept(
                pickle.loads(job.backend) if job.backend else make_backend(self._config, folder=self._scratch)  # noqa: S301
            )
            chosen = judge_config(self._config)
            if chosen is not None:
                self._judge = _Kept(make_backend(chosen, folder=self._scratch, log=JUDGE_LOG))
        except DuologueError as error:
            # Reported with the first shard: an actor whose constructor raises is only started again.
            self._error = error

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[str]]:
        """Work on the batch's shards, one after the other."""
        reports = [self._loop.run_until_complete(self._report(str(shard))) for shard in batch["shard"]]
        return {name: [report[i] for report in reports] for i, name in enumerate(("shard", "state", "note"))}

    async def _report(self, shard: str) -> Report:
        try:
            if self._error is not None:
                raise self._error
            work: Work | None = await ask(self._hub.work, shard, self._handle)
            if work is not None:
                await self._shard(shard, work)
        except RunStopped as stopped:
            return shard, "stopped", str(stopped)
        except DuologueError as error:
            return shard, type(error).__name__, str(error)
        return shard, "done", ""

    async def _shard(self, shard: str, work: Work) -> None:
        folder = self._scratch / shard
        _lay_out(folder, work)
        budget = Budget(self._config.budget, *work.elsewhere)
        elsewhere = work.elsewhere
        engines: list[Engine] = []
        """The one that writes, and the judge's where there is one. Both have the shard's log and budget."""

        def heard(reply: Reply) -> None:
            nonlocal elsewhere
            if reply.stop is not None:
                for engine in engines:
                    engine.stop(reply.stop)
                return
            budget.spend(reply.elsewhere[0] - elsewhere[0], reply.elsewhere[1] - elsewhere[1])
            elsewhere = reply.elsewhere

        link = Link(self._hub, shard, work.attempt, lambda: _usage(engines), heard)
        database = LinkedDatabase(folder, link)
        log = CallLog(database, self._job.revision)
        ledger = SqlLedger(database, self._job.revision)
        memory = SqlMemory(database, self._job.revision)
        earlier = Earlier(self._hub) if self._job.ask else None
        backends = [backend for backend in (self._backend, self._judge) if backend is not None]
        engines += [Engine(backend, log, self._config.engine, budget, earlier=earlier) for backend in backends]
        sending = asyncio.create_task(link.run())
        try:
            for engine in engines:
                await engine.start()
            roles = Roles(
                engines[0],
                self._embedder,
                self._nli,
                self._toxicity,
                ledger,
                memory,
                judge=engines[1] if len(engines) > 1 else None,
            )
            pairs = [decode(Pair, pair) for pair in work.pairs]
            async for _ in make_loop(self._config, roles).winners(pairs, self._job.iteration, self._job.pool):
                pass
        finally:
            # What was answered, noted or refused until here is the run's, however the shard ends.
            for engine in engines:
                await engine.close()
            memory.close()
            log.close()
            try:
                await database.flush()
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
                await link.send()
                await ask(self._hub.end, shard, work.attempt)
            finally:
                sending.cancel()
                database.close()
                shutil.rmtree(folder, ignore_errors=True)


class _Kept:
    """A backend that outlives the engines of single shards: started once, closed with the process."""

    def __init__(self, inner: Backend) -> None:
        self._inner = inner
        self._started = False
        self.name = inner.name
        self.model = inner.model
        self.features = inner.features

    async def start(self) -> None:
        """Start it the first time."""
        if not self._started:
            await self._inner.start()
            self._started = True
            self.model, self.features = self._inner.model, self._inner.features

    async def answer(self, request: Request) -> Answer:
        """See the Protocol."""
        return await self._inner.answer(request)

    async def close(self) -> None:
        """Nothing: the next shard needs it."""


def _usage(engines: Sequence[Engine]) -> Usage:
    """The counts of all engines."""
    return reduce(plus, (engine.usage() for engine in engines), NOTHING)


def _for_worker(config: Config, number: int) -> Config:
    """The configuration with this worker's endpoint and threads. The judge's endpoint is everybody's."""
    model, critic = _with_threads(config.model, config), config.critic
    if config.executor.endpoints:
        urls = config.executor.endpoints
        model = model.model_copy(update={"base_url": urls[number % len(urls)]})
    if critic.judge is not None:
        critic = critic.model_copy(update={"judge": _with_threads(critic.judge, config)})
    return config.model_copy(update={"model": model, "critic": critic})


def _with_threads(model: ModelConfig, config: Config) -> ModelConfig:
    if model.threads is not None:
        return model
    return model.model_copy(update={"threads": max(1, int(config.executor.cpus))})


def _lay_out(folder: Path, work: Work) -> None:
    """The shard's database as an earlier attempt left it, or an empty one, with the winners to beat."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = folder / FILE_NAME
    if work.log is not None:
        path.write_bytes(work.log)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        if schema.is_empty(connection):
            schema.create(connection)
        connection.execute("BEGIN")
        connection.executemany(ITEM, work.champions)
        connection.execute("COMMIT")
    finally:
        connection.close()
