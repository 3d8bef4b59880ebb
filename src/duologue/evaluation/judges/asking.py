"""The judges' engine: calls go through a durable log, so that what was asked once is not paid for again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from duologue.backends.make import check_model, make_backend
from duologue.backends.protocol import Backend
from duologue.engine.engine import Engine
from duologue.errors import RunStopped, UsageError
from duologue.evaluation.judges.judging import Counting, Findings, JudgedSet, Ratings, Said, ask_judges
from duologue.evaluation.judges.options import JudgeOptions
from duologue.evaluation.view import Roles
from duologue.store import revisions
from duologue.store.call_log import CallLog
from duologue.store.database import FILE_NAME, Database
from duologue.store.lock import RunLock

_OWN = frozenset(("run.lock", "llama.log"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What was found, and by how many calls."""

    findings: Findings
    model: str
    calls: int
    """Distinct calls that the findings rest on."""
    made: int
    """Of them, those made now; the others stood in the log."""
    prompt_tokens: int
    completion_tokens: int
    cost: float
    """Of all of them, at the configured prices."""


async def ask_all(
    sets: list[JudgedSet],
    options: JudgeOptions,
    roles: Roles,
    *,
    seed: int,
    backend: Backend | None = None,
    progress: Said = lambda what, n: None,
) -> Asked:
    """Ask the judges. ``backend`` replaces the configuration's.

    A spent budget, a wrong key or a server that is away ends the asking; what was answered until then counts. Raises
    UsageError and ModelError for a model that can't be had, StoreError when the log can't be used.
    """
    config = options.config
    if backend is None:
        check_model(config)
    check_log_folder(options.folder)
    with RunLock(options.folder):
        backend = backend or make_backend(config, folder=options.folder)
        database = Database(options.folder)
        try:
            name = hashlib.sha256(f"judges {backend.model}".encode()).hexdigest()
            revision = await revisions.begin(database, name, config.model_dump(mode="json"))
            log = CallLog(database, revision)
            engine = Engine(backend, log, config.engine, config.budget)
            try:
                try:
                    await engine.start()
                    caller = Counting(engine)
                    found = await ask_judges(sets, caller, options, roles, seed=seed, progress=progress)
                except RunStopped as error:
                    caller = Counting(engine)
                    found = Findings([Ratings() for _ in sets], stopped=str(error))
                ended: revisions.State = "stopped" if found.stopped else "finished"
                await revisions.end(database, revision, ended, found.stopped)
            finally:
                await engine.close()
                log.close()
        finally:
            database.close()
    prompt, completion = caller.tokens
    prices = config.budget
    cost = (prompt * prices.prompt_price + completion * prices.completion_price) / 1_000_000
    return Asked(found, caller.model, caller.calls, engine.usage().calls, prompt, completion, cost)


def check_log_folder(folder: Path) -> None:
    """Refuse a folder that can't hold the log. Raises UsageError."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; name a folder for the judges' log")
    if folder.is_dir() and not (folder / FILE_NAME).exists():
        others = sorted(p.name for p in folder.iterdir() if p.name not in _OWN)
        if others:
            raise UsageError(
                f"{folder}: holds other files ({others[0]}, ...) and no log; choose an empty or a new folder for the judges"
            )
