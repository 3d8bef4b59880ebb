"""The public way to make a data set from Python: :func:`run`, or :func:`run_async` inside an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import orjson
import yaml

from duologue.backends.make import JUDGE_LOG, check_model, judge_config, make_backend
from duologue.backends.protocol import Backend
from duologue.config.fingerprint import fingerprint
from duologue.config.model_settings import with_model_settings
from duologue.config.sections import Config
from duologue.conversations.critic.registry import asking
from duologue.conversations.finetune import Trainer
from duologue.engine.budget import Budget
from duologue.engine.engine import Engine
from duologue.engine.usage import Usage, plus
from duologue.errors import (
    ConfigError,
    DuologueError,
    ImpossibleRequest,
    RunStopped,
    StoreError,
    UsageError,
)
from duologue.executors.make import check_executor, open_place
from duologue.executors.parts import Parts
from duologue.models.embedder import load_embedder
from duologue.models.fetch import OnProgress
from duologue.models.nli import load_nli
from duologue.models.stoppable import StoppableEmbedder, StoppableNli, StoppableToxicity
from duologue.models.toxicity import load_toxicity
from duologue.pipeline import Roles, run_stages
from duologue.report.progress import Listener, Logged, Silent
from duologue.report.stats import StageAccount, account
from duologue.seeds import Seeds, read_seeds
from duologue.store import revisions
from duologue.store.call_log import CallLog
from duologue.store.database import FILE_NAME, Database
from duologue.store.fold import fold_killed
from duologue.store.ledger import SqlLedger
from duologue.store.lock import RunLock
from duologue.store.memory import SqlMemory
from duologue.store.reading import RunReader

_log = logging.getLogger("duologue")

OWN_FILES = frozenset(("run.lock", "run.log", "llama.log", JUDGE_LOG))
"""What a run that ended before it had a database may have left in its folder."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run made."""

    folder: Path
    accounts: tuple[StageAccount, ...]
    """Per stage and iteration: accepted, rejected, failed."""
    conversations: int
    """Finished conversations."""
    pairs: int
    """Pairs that were to talk."""
    usage: Usage
    seconds: float
    seeds: Seeds


MakeTrainer = Callable[[Engine, Config, Path, str], Trainer]
"""Makes the Trainer of a run from its engine, configuration, folder and fingerprint."""


class Plan(Protocol):
    """What a run folder is used for: a data set from the start, or a new version of the one that is there."""

    async def check(self, database: Database, folder: Path, seeds: Seeds) -> None:
        """Refuse seeds that don't belong to this folder. Raises UsageError."""
        ...

    def fingerprint(self, config: Config, seeds: Seeds) -> str:
        """A hash over what determines the data set."""
        ...

    async def begun(self, database: Database, revision: revisions.Revision) -> None:
        """Called when the revision is there, before any stage."""
        ...

    async def stages(self, seeds: Seeds, config: Config, roles: Roles) -> None:
        """Run the stages."""
        ...


class Whole:
    """The plan of :func:`run`: all stages from the seeds."""

    async def check(self, database: Database, folder: Path, seeds: Seeds) -> None:
        """See the Protocol: a folder holds runs on one set of seeds."""
        await _check_seeds(database, folder, seeds)

    def fingerprint(self, config: Config, seeds: Seeds) -> str:
        """See the Protocol."""
        return fingerprint(config, seeds)

    async def begun(self, database: Database, revision: revisions.Revision) -> None:
        """See the Protocol. Nothing is to be done."""

    async def stages(self, seeds: Seeds, config: Config, roles: Roles) -> None:
        """See the Protocol."""
        await run_stages(seeds, config, roles)


class Watch(Protocol):
    """Someone who follows a run: gets a speed text to show and gives a listener."""

    def __call__(self, speed: Callable[[], str]) -> Listener:
        """Return the listener."""
        ...


def run(
    config: Config,
    out: Path | str,
    *,
    watch: Watch | None = None,
    on_pull: OnProgress | None = None,
    backend: Backend | None = None,
    trainer: MakeTrainer | None = None,
) -> RunResult:
    """Make a data set in the folder ``out``, or go on with the one that is there.

    ``watch`` and ``on_pull`` follow the run and the fetching of models; ``backend`` replaces the configuration's, and
    ``trainer`` what trains adapters where ``loop.method`` asks for finetuning.
    Raises UsageError before anything is started, RunStopped when the run ended early and can be resumed, and other
    DuologueErrors; what was finished is kept in every case.
    """
    return asyncio.run(run_async(config, out, watch=watch, on_pull=on_pull, backend=backend, trainer=trainer))


async def run_async(
    config: Config,
    out: Path | str,
    *,
    watch: Watch | None = None,
    on_pull: OnProgress | None = None,
    backend: Backend | None = None,
    plan: Plan | None = None,
    seeds: Seeds | None = None,
    trainer: MakeTrainer | None = None,
) -> RunResult:
    """Like :func:`run`, inside a running event loop. ``plan`` and ``seeds`` are for versions of a data set."""
    started = time.monotonic()
    folder = Path(out)
    plan = plan or Whole()
    seeds = seeds or read_seeds(config.seeds)
    check_request(seeds, config)
    check_executor(config)
    tunes = config.loop.method != "few-shot"
    if tunes:
        trainer = trainer or _process_trainer(config)
    judge_chosen = judge_config(config)
    if backend is None:
        check_model(config)
        config = with_model_settings(config)
    _check_folder(folder)
    with RunLock(folder) as lock, _log_file(folder), open_place(config) as place:
        if lock.stale:
            _log.warning("the run was left without an orderly end by %s; going on", lock.stale)
        # Small models first: what is missing shows before a large download begins.
        embedder = load_embedder(config.small_models.embedder, on_progress=on_pull)
        nli = load_nli(config.small_models.nli)
        toxicity = load_toxicity(config.small_models.toxicity, perspective=config.small_models.perspective)
        given, backend = backend, backend or make_backend(config, folder=folder, on_pull=on_pull)
        judge_backend = judge_chosen and make_backend(judge_chosen, folder=folder, on_pull=on_pull, log=JUDGE_LOG)
        database = Database(folder)
        try:
            await plan.check(database, folder, seeds)
            await fold_killed(folder, database)
            revision = await revisions.begin(database, plan.fingerprint(config, seeds), config.model_dump(mode="json"))
            await plan.begun(database, revision)
            _write_config(folder, config, revision.id)
            log = CallLog(database, revision)
            budget = Budget(config.budget, *log.spent())
            engine = Engine(backend, log, config.engine, budget)
            judge = Engine(judge_backend, log, config.engine, budget) if judge_backend else None
            ledger = SqlLedger(database, revision)
            listener = Logged(_log, watch(lambda: _speed(engine.usage())) if watch else Silent())
            ledger.subscribe(listener)
            memory = SqlMemory(database, revision)
            try:
                executor = place.executor(Parts(config, folder, database, revision, ledger, memory, engine, given))
                await engine.start()
                if judge is not None:
                    await judge.start()
                with _interruptible(engine, judge):
                    roles = Roles(
                        engine,
                        StoppableEmbedder(place.embedder(embedder, engine.check), engine.check),
                        StoppableNli(place.nli(nli, engine.check), engine.check),
                        StoppableToxicity(toxicity, engine.check),
                        ledger,
                        memory,
                        judge=judge,
                        trainer=trainer(engine, config, folder, revision.fingerprint) if tunes and trainer else None,
                        executor=executor,
                    )
                    await plan.stages(seeds, config, roles)
                await _store(folder, config, revision)
                await revisions.end(database, revision, "finished")
            except RunStopped as error:
                await _end(database, revision, "stopped", str(error))
                raise type(error)(f"{error} ({_how_far(folder)})") from error
            except asyncio.CancelledError:
                await _end(database, revision, "stopped", "cancelled")
                raise
            except DuologueError as error:
                await _end(database, revision, "failed", str(error))
                raise
            finally:
                listener.close()
                await engine.close()
                if judge is not None:
                    await judge.close()
                memory.close()
                log.close()
        finally:
            database.close()
        usage = engine.usage()
        if judge is not None:
            usage = replace(plus(usage, judge.usage()), cost=usage.cost)
        return _result(folder, usage, time.monotonic() - started, seeds)


def check_request(seeds: Seeds, config: Config) -> None:
    """Refuse what can't work before anything is loaded. Raises ImpossibleRequest."""
    attributes = len({text for profile in seeds.profiles for text in profile})
    if config.loop.method != "few-shot":
        _check_finetuning(config)
    if config.profiles.source == "given":
        if len(seeds.profiles) < 2:
            raise ImpossibleRequest(
                f"{seeds.source}: holds {len(seeds.profiles)} different profile and a pair needs 2; separate profiles by a blank "
                "line, or use --profiles built"
            )
        return
    need = config.profiles.size_range[1]
    if attributes < need:
        raise ImpossibleRequest(
            f"{seeds.source}: holds {attributes} different attribute(s) and a profile needs {need}; give more seeds or "
            "lower profiles.size"
        )


def _check_finetuning(config: Config) -> None:
    if config.loop.iterations < 2:
        raise ConfigError(f"loop.iterations: loop.method {config.loop.method} needs at least 2 iterations")
    if config.critic.judge is None and (experts := asking(config.critic)):
        raise ConfigError(
            f"loop.method: with {config.loop.method} the Critic's {', '.join(experts)} would ask the model in training, and a "
            "new adapter would judge itself; name another model in critic.judge, or leave them out"
        )
    held, need = config.pairing.pairs * config.splits.valid, config.training.held_out
    if round(held) < need:
        raise ImpossibleRequest(
            f"loop.method {config.loop.method}: {config.pairing.pairs} pairs hold out {round(held)} (splits.valid) and trying an "
            f"adapter needs {need}; raise pairing.pairs or splits.valid, or lower training.held_out"
        )


def _process_trainer(config: Config) -> MakeTrainer:
    """The Trainer that needs torch. Refuses what it can't train before anything is loaded."""
    from duologue.training.extras import check_extra
    from duologue.training.loop_trainer import ProcessTrainer, check_base

    if config.model.backend != "embedded":
        raise ConfigError(
            f"loop.method: {config.loop.method} trains embedded models, and model.backend is {config.model.backend}; "
            "for an endpoint use `duologue train` and serve the adapter there"
        )
    if config.model.adapter is not None:
        raise ConfigError(f"model.adapter: loop.method {config.loop.method} makes adapters of its own; leave it out")
    check_extra()
    check_model(config)
    check_base(config)
    return ProcessTrainer


def _check_folder(folder: Path) -> None:
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder}: is a file; choose a folder for the run")
        if folder.is_dir() and not (folder / FILE_NAME).exists():
            others = [p.name for p in folder.iterdir() if p.name not in OWN_FILES]
            if others:
                raise UsageError(
                    f"{folder}: holds other files ({sorted(others)[0]}, ...) and no run; choose an empty or a new folder"
                )
    except OSError as error:
        raise StoreError(f"{folder}: can't be read ({error.strerror}); choose another folder") from error


async def _check_seeds(database: Database, folder: Path, seeds: Seeds) -> None:
    digest = hashlib.sha256(orjson.dumps([list(p) for p in seeds.profiles])).hexdigest()
    reader = database.reader()
    try:
        row = reader.execute("SELECT value FROM meta WHERE name = 'seeds'").fetchone()
    finally:
        reader.close()
    if row is None:
        await database.write(("INSERT INTO meta (name, value) VALUES ('seeds', ?)", (digest,)))
    elif row[0] != digest:
        raise UsageError(f"{folder}: holds a run on other seeds; choose another --out, or give the same seeds to go on")


def _write_config(folder: Path, config: Config, revision: int) -> None:
    """The resolved configuration, one file per revision; an existing file is left as it is."""
    path = folder / ("config.yaml" if revision == 1 else f"config-{revision}.yaml")
    with contextlib.suppress(FileExistsError), path.open("x", encoding="utf-8") as file:
        yaml.safe_dump(config.model_dump(mode="json"), file, sort_keys=False, allow_unicode=True)


async def _store(folder: Path, config: Config, revision: revisions.Revision) -> None:
    """Write the data set to ``executor.storage``, where one is named."""
    address = config.executor.storage
    if address is None:
        return
    from duologue.export.sharded import write_shards

    def write() -> None:
        with RunReader(folder) as reader:
            write_shards(reader.conversations(), address, {"fingerprint": revision.fingerprint})

    await asyncio.to_thread(write)


async def _end(database: Database, revision: revisions.Revision, state: revisions.State, note: str) -> None:
    # When the disk itself is the trouble, the error under way says so better than a second one.
    with contextlib.suppress(StoreError):
        await asyncio.shield(revisions.end(database, revision, state, note))


@contextlib.contextmanager
def _interruptible(engine: Engine, judge: Engine | None) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the run in order; a second Ctrl-C ends it at once."""
    loop = asyncio.get_running_loop()

    def stop(name: str) -> None:
        for one in (engine, judge):
            if one is not None:
                one.stop(f"interrupted by {name}; run the same command again and it goes on")
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop, number.name)
    except (NotImplementedError, RuntimeError, ValueError):
        # Not the main thread, or a platform without signals in asyncio: the host decides what Ctrl-C does.
        yield
        return
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _log_file(folder: Path) -> Iterator[None]:
    handler = logging.FileHandler(folder / "run.log", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    try:
        yield
    except DuologueError as error:
        _log.error("%s", error)
        raise
    except Exception:
        _log.exception("unexpected error")
        raise
    finally:
        _log.removeHandler(handler)
        handler.close()


def _how_far(folder: Path) -> str:
    with RunReader(folder) as reader:
        done, pairs = reader.progress()
    if not pairs:
        return "no user pair was made yet"
    return f"{done} of {pairs} pairs have a conversation to show and export"


def _speed(usage: Usage) -> str:
    return f"{usage.tokens_per_second:.0f} tokens/s" if usage.tokens_per_second >= 1 else ""


def _result(folder: Path, usage: Usage, seconds: float, seeds: Seeds) -> RunResult:
    with RunReader(folder) as reader:
        accounts = tuple(account(reader.counts()))
    final = next((a for a in accounts if a.stage == "conversation" and a.iteration == 0), None)
    return RunResult(
        folder=folder,
        accounts=accounts,
        conversations=final.accepted if final else 0,
        pairs=final.total if final else 0,
        usage=usage,
        seconds=seconds,
        seeds=seeds,
    )
