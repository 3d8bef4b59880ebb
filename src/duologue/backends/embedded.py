"""The embedded backend: llama.cpp in this process, through ``xllamacpp`` (extra ``embedded``)."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from duologue.backends.embedded_slots import SlotTable
from duologue.backends.embedded_text import PromptTokens, error_of, forced
from duologue.backends.protocol import Answer, Features, Request, TokenLogprob
from duologue.errors import CallError, ModelError
from duologue.models.files import sha256_of

KV_PER_SLOT = 2
"""Prefix caches kept per concurrent request: a turn-by-turn conversation alternates between two prompts."""


def default_slots() -> int:
    """Requests decoded together when the configuration names no number: 4 per core, between 4 and 32."""
    return max(4, min(32, 4 * (os.cpu_count() or 1)))


class EmbeddedBackend:
    """Answers with a GGUF model. Many requests at once become parallel sequences of one continuous batch.

    ``slots`` is the number of requests decoded together, ``threads`` the number of threads that read prompts (default:
    all cores), ``context`` the tokens of prompt and answer together that one request may have. ``sha256`` is the
    verified hash of the file; it enters ``model`` and with it every call key, and so does the hash of ``adapter``, a
    LoRA adapter for this very model. With ``log_path`` one line about each load is appended there.

    The same request draws with the same seed. When other requests share its batch, llama.cpp adds numbers up in
    another order, so a near-tie can still fall differently; the run's log is what makes runs repeatable.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        sha256: str,
        slots: int | None = None,
        threads: int | None = None,
        context: int = 2048,
        log_path: Path | None = None,
        adapter: Path | None = None,
    ) -> None:
        self.name = "embedded"
        self.model = f"{name}@{sha256[:12]}"
        if adapter is not None:
            check_gguf(adapter)
            self.model += f"+{sha256_of(adapter)[:12]}"
        self._path = path
        self._adapter = adapter
        self._slots = slots or default_slots()
        self._threads = threads or os.cpu_count() or 1
        self._context = context
        self._log_path = log_path
        self.features = Features(
            grammar=True, json_schema=True, logprobs=True, prefill=True, scoring=True, slots=self._slots
        )
        self._server: Any = None
        self._tokens: PromptTokens | None = None
        self._caches = SlotTable(self._slots * KV_PER_SLOT)
        self._saving = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._names = 0
        self._pool: ThreadPoolExecutor | None = None
        self._closing = threading.Event()

    async def start(self) -> None:
        """Load the model and warm it. Raises ModelError when the file or the runtime is missing or broken."""
        pool = ThreadPoolExecutor(self._slots, thread_name_prefix="embedded")
        try:
            await asyncio.get_running_loop().run_in_executor(pool, self._load)
        except BaseException:
            pool.shutdown(wait=False)
            raise
        self._pool = pool

    async def answer(self, request: Request) -> Answer:
        """Answer one request. Cancelling the task ends the decoding within a token.

        Raises CallError: ``give_up`` for a prompt that is too long or a grammar that can't be read, ``stop`` when the
        backend isn't running.
        """
        if self._pool is None or self._closing.is_set():
            raise CallError("stop", "the embedded model is not running")
        cancelled = threading.Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._answer, request, cancelled)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def close(self) -> None:
        """End the requests under way and free the model."""
        self._closing.set()
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown, wait=True)
        server, self._server, self._tokens = self._server, None, None
        if server is not None:
            # The last reference goes in a thread, because the destructor waits for llama.cpp's loop.
            holder = [server]
            del server
            await asyncio.to_thread(holder.clear)
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()

    def _load(self) -> None:
        check_gguf(self._path)
        # Spinning worker threads halve the speed as soon as anything else runs; libgomp reads this once, when loaded.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        try:
            import xllamacpp
        except ImportError as error:
            raise ModelError("the embedded model needs xllamacpp: pip install 'duologue[embedded]'") from error
        began = time.perf_counter()
        key = secrets.token_hex(16)
        caches = self._slots * KV_PER_SLOT
        params = xllamacpp.CommonParams()
        params.model.path = str(self._path)
        if self._adapter is not None:
            params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(self._adapter), 1.0)]
        params.n_ctx = self._context * caches
        params.n_parallel = caches
        params.n_gpu_layers = 0
        params.cpuparams.n_threads = max(1, self._threads // 2)
        params.cpuparams_batch.n_threads = self._threads
        # One cache per sequence: with the unified cache most sequences read their prompt again.
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
            self._server = xllamacpp.Server(params)
        except (RuntimeError, ValueError) as error:
            which = f"{self._path} with the adapter {self._adapter}" if self._adapter else f"{self._path}"
            raise ModelError(f"{which}: llama.cpp can't load this model; fetch it again or free memory") from error
        self._tokens = PromptTokens(self._server.listening_address, key)
        # The server must have answered once before it may be freed, or llama.cpp's loop never ends.
        self._server.handle_completions({"prompt": "a", "n_predict": 1})
        if self._log_path is not None:
            with self._log_path.open("a", encoding="utf-8") as log:
                log.write(
                    f"loaded {self.model} in {time.perf_counter() - began:.1f} s: {self._slots} slots, "
                    f"{self._threads} threads, {self._context} tokens of context\n"
                )

    def _answer(self, request: Request, cancelled: threading.Event) -> Answer:
        if self._tokens is None or cancelled.is_set() or self._closing.is_set():
            raise CallError("stop", "the embedded model is not running")
        body = _body(request)
        prompt = self._tokens.of(request.messages, request.prefill)
        body["prompt"] = prompt
        bodies = [body]
        if request.score:
            bodies = forced(body, self._tokens.plain(request.score), whole=request.score.isascii())
        chunks: list[dict[str, Any]] = []

        def take(chunk: dict[str, Any]) -> bool:
            chunks.append(chunk)
            return cancelled.is_set() or self._closing.is_set()

        slot, shared = self._caches.take(prompt)
        try:
            self._prepare(slot, prompt, shared)
            for part in bodies:
                self._server.handle_completions(part | {"id_slot": slot}, take)
        finally:
            self._caches.give_back(slot)
        if self._closing.is_set():
            raise CallError("stop", "the embedded model is not running")
        answer = answer_of(chunks)
        return replace(answer, text=request.score, finish="stop") if request.score else answer

    def _prepare(self, slot: int, prompt: list[int], shared: int) -> None:
        """Load what is saved of the prompt's beginning, or read and save it. Only speed depends on it."""
        plan = self._caches.plan(slot, prompt, shared)
        if plan.save:
            # One at a time: those that wait find the beginning saved.
            with self._saving:
                plan = self._caches.plan(slot, prompt, shared)
                if plan.save and self._folder is not None and not self._closing.is_set():
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
        if name is None or self._tokens is None:
            return False
        try:
            self._tokens.post(f"/slots/{slot}?action={action}", {"filename": name})
        except CallError:
            return False
        return True


def check_gguf(path: Path) -> None:
    """Raise ModelError when ``path`` can't be read or is no GGUF file."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelError(
            f"{path}: can't be read ({error.strerror}); `duologue models pull` fetches the models"
        ) from error
    if magic != b"GGUF":
        raise ModelError(f"{path}: not a GGUF model; `duologue models pull` fetches the models")


def _body(request: Request) -> dict[str, Any]:
    """The parameters of llama.cpp's completion call, without the prompt."""
    if request.grammar is not None and request.json_schema is not None:
        raise CallError("give_up", "a request may have a grammar or a JSON schema, not both")
    s = request.sampling
    body: dict[str, Any] = {
        "n_predict": s.max_tokens,
        "temperature": s.temperature,
        "top_k": s.top_k,
        "top_p": s.top_p,
        "min_p": s.min_p,
        "repeat_penalty": s.repeat_penalty,
        "stop": list(s.stop),
        "seed": int(request.key[:15], 16) % 2**31,
        "cache_prompt": True,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.top_logprobs:
        body["n_probs"] = request.top_logprobs
    if request.grammar is not None:
        body["grammar"] = request.grammar
    elif request.json_schema is not None:
        body["grammar"] = _schema_grammar(request.json_schema)
    return body


@lru_cache(maxsize=64)
def _schema_grammar(schema: str) -> str:
    import xllamacpp

    try:
        return str(xllamacpp.json_schema_to_grammar(orjson.loads(schema)))
    except (RuntimeError, ValueError) as error:
        raise CallError("give_up", f"the JSON schema can't be followed: {error}") from error


def answer_of(chunks: list[dict[str, Any]]) -> Answer:
    """Put a stream's chunks together. Raises CallError for an error or for a stream that has no end."""
    texts: list[str] = []
    logprobs: list[TokenLogprob] = []
    finish: str | None = None
    usage: dict[str, Any] = {}
    for chunk in chunks:
        if "error" in chunk:
            raise error_of(chunk["error"])
        usage = chunk.get("usage") or usage
        for choice in chunk.get("choices", ()):
            texts.append(choice.get("text") or "")
            finish = choice.get("finish_reason") or finish
            logprobs += [_logprob(t) for t in (choice.get("logprobs") or {}).get("content") or ()]
    if finish is None:
        raise CallError("retry", "the embedded model broke off its answer")
    return Answer(
        text="".join(texts),
        finish="length" if finish == "length" else "stop",
        prompt_tokens=usage.get("prompt_tokens", 0),
        completion_tokens=usage.get("completion_tokens", 0),
        cached_tokens=(usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0),
        logprobs=tuple(logprobs),
    )


def _logprob(entry: dict[str, Any]) -> TokenLogprob:
    top = tuple((str(t["token"]), float(t["logprob"])) for t in entry.get("top_logprobs", ()))
    return TokenLogprob(str(entry["token"]), float(entry["logprob"]), top)
