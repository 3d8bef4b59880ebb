"""The embedded backend: llama.cpp in this process, through ``xllamacpp`` (extra ``embedded``)."""

from __future__ import annotations

import asyncio
import math
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from duologue.backends.embedded_engine import EmbeddedEngine, EngineTeam
from duologue.backends.embedded_text import error_of, forced
from duologue.backends.protocol import Answer, Features, Request, TokenLogprob
from duologue.errors import CallError, ModelError

TURNS = 2
"""Messages beyond which a prompt is one of a conversation whose earlier prompts have been read."""
SMALL = 400_000_000
"""Bytes of a model file up to which several engines of one thread each are faster than one of several threads."""


def default_slots() -> int:
    """Requests decoded together when the configuration names no number: 4 per core, between 4 and 32."""
    return max(4, min(32, 4 * (os.cpu_count() or 1)))


class EmbeddedBackend:
    """Answers with a GGUF model. Many requests at once become parallel sequences of one continuous batch.

    ``slots`` is the number of requests decoded together, ``threads`` the number of threads that read prompts (default:
    all cores), ``context`` the tokens of prompt and answer together that one request may have. ``sha256`` is the
    verified hash of the file; it enters ``model`` and with it every call key. With ``log_path`` one line about each
    load is appended there.

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
    ) -> None:
        self.name = "embedded"
        self.model = f"{name}@{sha256[:12]}"
        self._path = path
        self._slots = slots or default_slots()
        self._threads = threads or os.cpu_count() or 1
        self._context = context
        self._log_path = log_path
        self.features = Features(
            grammar=True, json_schema=True, logprobs=True, prefill=True, scoring=True, slots=self._slots
        )
        self._team: EngineTeam | None = None
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
        team, self._team = self._team, None
        if team is not None:
            await asyncio.to_thread(team.close)

    def _load(self) -> None:
        check_gguf(self._path)
        began = time.perf_counter()
        count = engines_for(self._path, self._threads, self._slots)
        # A request more per engine than its share, so that two long answers on one don't leave another idle.
        share = math.ceil(self._slots / count)
        slots, threads = share if count == 1 else share + 1, max(1, self._threads // count)
        engines: list[EmbeddedEngine] = []
        try:
            while len(engines) < count:
                engines.append(self._engine(slots, threads))
        except BaseException:
            EngineTeam(engines).close()
            raise
        self._team = EngineTeam(engines)
        if self._log_path is not None:
            with self._log_path.open("a", encoding="utf-8") as log:
                log.write(
                    f"loaded {self.model} in {time.perf_counter() - began:.1f} s: {count} engines, {self._slots} slots, "
                    f"{self._threads} threads, {self._context} tokens of context\n"
                )

    def _engine(self, slots: int, threads: int) -> EmbeddedEngine:
        return EmbeddedEngine(self._path, slots=slots, threads=threads, context=self._context)

    def _answer(self, request: Request, cancelled: threading.Event) -> Answer:
        team = self._team
        if team is None or cancelled.is_set() or self._closing.is_set():
            raise CallError("stop", "the embedded model is not running")
        body = _body(request)
        prompt = team.tokens.of(request.messages, request.prefill)
        body["prompt"] = prompt
        bodies = [body]
        if request.score:
            bodies = forced(body, team.tokens.plain(request.score), whole=request.score.isascii())
        chunks: list[dict[str, Any]] = []

        def take(chunk: dict[str, Any]) -> bool:
            chunks.append(chunk)
            return cancelled.is_set() or self._closing.is_set()

        # A speaker's prompts begin with its own instructions and grow from turn to turn.
        team.complete(request.messages[0].content, prompt, bodies, take, stay=len(request.messages) > TURNS)
        if self._closing.is_set():
            raise CallError("stop", "the embedded model is not running")
        answer = answer_of(chunks)
        return replace(answer, text=request.score, finish="stop") if request.score else answer


def engines_for(path: Path, threads: int, slots: int) -> int:
    """Number of engines for a model: one per thread, at most 8, while the model is small enough not to wait for memory."""
    small = path.stat().st_size <= SMALL
    return max(1, min(threads, slots, 8)) if small else 1


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
        raise CallError("retry", "the embedded model broke off its answer", status=500)
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
