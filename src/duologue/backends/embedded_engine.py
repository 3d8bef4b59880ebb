"""llama.cpp servers inside this process, and the sequences that each decodes together."""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from duologue.backends.embedded_slots import SlotTable
from duologue.backends.embedded_text import PromptTokens
from duologue.errors import CallError, ModelError

KV_PER_SLOT = 2
"""Prefix caches kept per concurrent request: a turn-by-turn conversation alternates between two prompts."""


class EmbeddedEngine:
    """Loads a model and decodes up to ``slots`` requests together with ``threads`` threads. Thread-safe.

    Raises ModelError when the model can't be loaded.
    """

    def __init__(self, path: Path, *, slots: int, threads: int, context: int) -> None:
        # Spinning worker threads halve the speed as soon as anything else runs; libgomp reads this once, when loaded.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        try:
            import xllamacpp
        except ImportError as error:
            raise ModelError("the embedded model needs xllamacpp: pip install 'duologue[embedded]'") from error
        key = secrets.token_hex(16)
        caches = slots * KV_PER_SLOT
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = context * caches
        params.n_parallel = caches
        params.n_gpu_layers = 0
        params.cpuparams.n_threads = max(1, threads // 2)
        params.cpuparams_batch.n_threads = threads
        # A unified cache decodes a fifth faster, for with one per sequence llama.cpp joins only those whose numbers follow
        # on each other; but it reads prompts many times slower, with attention to the tokens of all sequences.
        params.kv_unified = False
        params.cache_idle_slots = False
        params.cache_ram_mib = 0
        params.fit_params = False
        params.warmup = False
        params.verbosity = -1
        # llama.cpp always listens on a loopback port; nobody without this run's secret may use it.
        params.hostnames = ["127.0.0.1"]
        params.api_keys = [key]
        self._folder = tempfile.TemporaryDirectory(prefix="duologue-")
        params.slot_save_path = self._folder.name + os.sep
        params.endpoint_slots = False
        params.ui = False
        try:
            self._server: Any = xllamacpp.Server(params)
        except (RuntimeError, ValueError) as error:
            self._folder.cleanup()
            raise ModelError(f"{path}: llama.cpp can't load this model; fetch it again or free memory") from error
        self.tokens = PromptTokens(self._server.listening_address, key)
        self._caches = SlotTable(caches)
        self._saving = threading.Lock()
        self._names = 0
        self.slots = slots
        self._room = threading.Semaphore(slots)
        # The server must have answered once before it may be freed, or llama.cpp's loop never ends.
        self._server.handle_completions({"prompt": "a", "n_predict": 1})

    def complete(
        self, prompt: list[int], bodies: Sequence[dict[str, Any]], take: Callable[[dict[str, Any]], bool]
    ) -> None:
        """Answer ``bodies`` one after the other in one sequence; waits while all are busy.

        ``take`` gets each chunk and returns True to break off.
        """
        with self._room:
            slot, shared = self._caches.take(prompt)
            try:
                self._prepare(slot, prompt, shared)
                for body in bodies:
                    self._server.handle_completions(body | {"id_slot": slot}, take)
            finally:
                self._caches.give_back(slot)

    def close(self) -> None:
        """Free the model; waits for llama.cpp's loop."""
        self._server = None
        self._folder.cleanup()

    def _prepare(self, slot: int, prompt: list[int], shared: int) -> None:
        """Load what is saved of the prompt's beginning, or read and save it. Only speed depends on it."""
        plan = self._caches.plan(slot, prompt, shared)
        if plan.save:
            # One at a time: those that wait find the beginning saved.
            with self._saving:
                plan = self._caches.plan(slot, prompt, shared)
                if plan.save:
                    self._move(slot, "restore", plan.load)
                    start = prompt[: plan.save]
                    self._server.handle_completions({"prompt": start, "n_predict": 0, "id_slot": slot})
                    self._names += 1
                    name = f"{self._names}.kv"
                    if self._move(slot, "save", name):
                        for gone in self._caches.saved(name, start):
                            Path(self._folder.name, gone).unlink(missing_ok=True)
                    return
        self._move(slot, "restore", plan.load)

    def _move(self, slot: int, action: str, name: str | None) -> bool:
        """Save a sequence's cache to a file or load it; False when that can't be done."""
        if name is None:
            return False
        try:
            self.tokens.post(f"/slots/{slot}?action={action}", {"filename": name})
        except CallError:
            return False
        return True


class EngineTeam:
    """Engines of the same model side by side: on a CPU two of one thread decode small models faster than one of two.

    Requests of one ``topic`` (the beginning that the prompts of a speaker have in common) go to the engine that has read
    it, new topics to the engine with the fewest requests under way.
    """

    TOPICS = 512
    """Topics that are remembered."""

    def __init__(self, engines: Sequence[EmbeddedEngine]) -> None:
        self._engines = tuple(engines)
        self._busy = [0] * len(self._engines)
        self._homes: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def tokens(self) -> PromptTokens:
        """What makes token ids of messages."""
        return self._engines[0].tokens

    def complete(
        self,
        topic: str,
        prompt: list[int],
        bodies: Sequence[dict[str, Any]],
        take: Callable[[dict[str, Any]], bool],
        *,
        stay: bool,
    ) -> None:
        """See :meth:`EmbeddedEngine.complete`. With ``stay`` a busy engine that knows the topic is waited for."""
        with self._lock:
            place = self._place(topic, stay)
            self._busy[place] += 1
        try:
            self._engines[place].complete(prompt, bodies, take)
        finally:
            with self._lock:
                self._busy[place] -= 1

    def close(self) -> None:
        """Free all engines."""
        for engine in self._engines:
            engine.close()

    def _place(self, topic: str, stay: bool) -> int:
        free = min(range(len(self._engines)), key=lambda i: self._busy[i])
        home = self._homes.setdefault(topic, free)
        self._homes.move_to_end(topic)
        if len(self._homes) > self.TOPICS:
            self._homes.popitem(last=False)
        return home if stay or self._busy[home] < self._engines[home].slots else free
