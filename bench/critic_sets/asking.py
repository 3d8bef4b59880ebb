"""A language model for the experts that ask one, behind the same interface as in a run.

Each set of the bench waits in an event loop of its own, and a backend must stay in one, so the model lives in a thread
with its loop. Calls are kept in a log in ``folder``: the same command again asks nothing that was answered.
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from duologue.backends.make import check_model, make_backend
from duologue.backends.protocol import Answer, Backend, Request
from duologue.config.sections import Config
from duologue.engine.engine import Engine
from duologue.store import revisions
from duologue.store.call_log import CallLog
from duologue.store.database import Database


class Judge:
    """The ``model`` of a configuration, started at once. ``backend`` replaces the configuration's."""

    def __init__(self, config: Config, folder: Path, backend: Backend | None = None) -> None:
        if backend is None:
            check_model(config)
        folder.mkdir(parents=True, exist_ok=True)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="judge", daemon=True)
        self._thread.start()
        self._database = Database(folder)
        chosen = backend or make_backend(config, folder=folder)

        async def start() -> tuple[CallLog, Engine]:
            log = CallLog(
                self._database, await revisions.begin(self._database, "bench", config.model_dump(mode="json"))
            )
            engine = Engine(chosen, log, config.engine, config.budget)
            await engine.start()
            return log, engine

        self._log, self._engine = asyncio.run_coroutine_threadsafe(start(), self._loop).result()
        self.model, self.features = self._engine.model, self._engine.features

    async def call(self, request: Request) -> Answer:
        """Answer, from whichever loop asks. Raises ItemFailed and RunStopped as in a run."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._engine.call(request), self._loop))

    def close(self) -> None:
        """End the model and the log."""
        asyncio.run_coroutine_threadsafe(self._engine.close(), self._loop).result()
        self._log.close()
        self._database.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
