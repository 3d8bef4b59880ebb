"""The Trainer of ``loop: finetune``: trains in a process of its own and lets the engine answer with what came of it.

A process of its own, because torch and llama.cpp then never share one, memory that ran out there ends nothing here, and a
stop ends it at once; its checkpoints let it go on. It is the command ``duologue train``, which tries again with fewer rows at
once where the system has no memory for all.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from duologue.backends.make import make_backend
from duologue.config.sections import Config
from duologue.conversations.finetune import Adapter
from duologue.engine.engine import Engine
from duologue.errors import ConfigError, ItemFailed, ModelError, UsageError
from duologue.models.files import sha256_of
from duologue.training.base import known_of
from duologue.training.lora_gguf import KNOWN
from duologue.training.orphan import PARENT
from duologue.training.terms import check_terms, writers_terms

_log = logging.getLogger("duologue.training")
LOOK = 0.5
"""Seconds between two looks at whether the run is to end."""
_NONE = Adapter("", "")
"""Stands for a model in use that is not known."""


class ProcessTrainer:
    """Makes the adapters of one run in ``FOLDER/training``; ``fingerprint`` is that of the run's revision."""

    def __init__(self, engine: Engine, config: Config, folder: Path, fingerprint: str) -> None:
        self._engine = engine
        self._config = config
        self._folder = folder
        self._home = folder / "training" / fingerprint[:12]
        self._used: Adapter | None = None

    async def train(self, round_: int) -> Adapter:
        """See the Protocol. An adapter that is complete is not made again."""
        to = self._home / f"round-{round_}"
        if (to / "meta.json").is_file():
            try:
                return await asyncio.to_thread(read_adapter, to)
            except ItemFailed as failure:
                if to.exists():
                    raise
                _log.warning("%s", failure)
        await self._run(self.command(round_, to))
        return await asyncio.to_thread(read_adapter, to)

    async def use(self, adapter: Adapter | None) -> None:
        """See the Protocol."""
        if adapter == self._used:
            return
        model = self._config.model.model_copy(update={"adapter": adapter.path if adapter else None})
        chosen = self._config.model_copy(update={"model": model})
        try:
            backend = await asyncio.to_thread(make_backend, chosen, folder=self._folder)
            await self._engine.change(backend)
        except ModelError as error:
            # The engine may have closed what it had, so whatever is wanted next has to be loaded.
            self._used = _NONE
            if adapter is None:
                raise
            raise ItemFailed(f"can't be used: {error}; delete {adapter.path} to have it trained anew") from error
        self._used = adapter

    def command(self, round_: int, to: Path) -> list[str]:
        """The command line of one round's training."""
        model, what = self._config.model.name, self._config.training.what
        options = ["--what", what, "--rounds", str(round_), "--base", model, "--to", str(to)]
        return [sys.executable, "-m", "duologue", "train", str(self._folder), *options]

    async def _run(self, command: Sequence[str]) -> None:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, PARENT: str(os.getpid())},
        )
        last = asyncio.create_task(_follow(process))
        try:
            while process.returncode is None:
                self._engine.check()
                await asyncio.wait({last}, timeout=LOOK)
                if last.done():
                    await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
            said = await last
        if process.returncode:
            self._engine.check()
            if process.returncode < 0:
                raise ItemFailed(
                    f"training was killed by signal {-process.returncode}, after: {said or 'nothing said'}"
                )
            raise ItemFailed(said.removeprefix("duologue: ") or f"training ended with code {process.returncode}")


def read_adapter(folder: Path) -> Adapter:
    """The adapter in a folder that ``duologue train`` wrote.

    Raises ItemFailed when it is none, or its bytes are not those that were written; the folder is removed then. It stays
    where it can't be read now.
    """
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        if sha256_of(folder / "adapter.gguf") != meta["sha256"]:
            raise ValueError("damaged")
        losses = meta.get("held_out_loss") or {}
        before, after = losses.get("before"), losses.get("after")
        loss = (float(before), float(after)) if before is not None and after is not None else None
        return Adapter(str(meta["sha256"]), str(folder), loss)
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ItemFailed(f"{folder}: held no readable adapter and was removed, to be trained anew") from error
    except OSError as error:
        raise ItemFailed(f"{folder}: the adapter can't be read ({error.strerror or error})") from error


def check_base(config: Config) -> None:
    """Raises ConfigError when no adapter may be trained for the run's model, or none could be loaded."""
    name, licence, architecture = known_of(config.model.name)
    try:
        check_terms(name, licence, writers_terms([name]), non_commercial=config.training.non_commercial)
    except UsageError as error:
        raise ConfigError(f"loop.method: {error}") from error
    if architecture and architecture not in KNOWN:
        raise ConfigError(
            f"loop.method: adapters are written for {', '.join(KNOWN)}, and {name} is {architecture}; choose another model"
        )


async def _follow(process: asyncio.subprocess.Process) -> str:
    """Put what the process says into the run's log; return its last line."""
    last = ""
    assert process.stdout is not None
    async for raw in process.stdout:
        line = raw.decode(errors="replace").strip()
        if line:
            last = line
            _log.info("%s", line)
    return last
