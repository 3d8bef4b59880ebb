"""The engine: every model call is looked up in the log, else scheduled, tried again, budgeted and logged.

It implements :class:`duologue.backends.protocol.Caller`. A call runs in a task of the engine's own, so that an answer
that was paid for is logged even when the stage that asked was cancelled meanwhile. A slot is held until the answer is
durable, so what a killed process has to pay for again is at most what its limit let be in flight.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from duologue.backends.protocol import Answer, Backend, Request
from duologue.config.sections import BudgetConfig, EngineConfig
from duologue.engine.budget import Budget
from duologue.engine.limiter import Limiter
from duologue.engine.refusals import LONGEST_OUTAGE, Refusals, Tries
from duologue.engine.retry import GENTLE_CAP, RetryPolicy
from duologue.engine.usage import Speed, Usage
from duologue.errors import CallError, DuologueError, Interrupted, ItemFailed, RunStopped
from duologue.store.call_log import CallLog

_QUEUE = 2
"""Calls handed to a backend with fixed slots beyond its slots, so that none falls idle between two."""
_NOTE_EVERY = 200
"""Reused calls after which their counts are written."""


class Engine:
    """Calls one backend for all stages. Start it before the first call and close it after the last."""

    def __init__(
        self,
        backend: Backend,
        log: CallLog,
        config: EngineConfig,
        budget: BudgetConfig | Budget,
        *,
        earlier: Callable[[str], Awaitable[Answer | None]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``budget`` may be a :class:`Budget` that several engines share.

        ``earlier`` finds answers, by key, in a log that is not at hand; it is asked before the backend.
        """
        self._clock = clock
        self.model = backend.model
        self.features = backend.features
        self._backend = backend
        self._log = log
        self._earlier = earlier
        self._config = config
        if isinstance(budget, Budget):
            self._budget = budget
        else:
            self._budget = Budget(budget, *log.spent())
        self._retry = RetryPolicy(config.retries)
        self._refusals = Refusals(clock)
        self._limiter = self._make_limiter()
        self._running: dict[str, asyncio.Task[Answer]] = {}
        self._stopped: DuologueError | None = None
        self._stopping: asyncio.Event = asyncio.Event()
        self._by_user = False
        self._calls = self._reused = self._shared = self._retries = self._failed = 0
        self._prompt = self._completion = self._cached = 0
        self._answered_at = float("-inf")
        self._speed = Speed(clock)
        self._noted: dict[str, list[int]] = {}
        self._unnoted = 0

    def _make_limiter(self) -> Limiter:
        slots = self.features.slots
        if slots is not None:
            return Limiter(slots + _QUEUE, fixed=True)
        return Limiter(self._config.concurrency, clock=self._clock)

    async def start(self) -> None:
        """Start the backend. Raises what it raises, a CallError of kind ``stop`` as RunStopped."""
        try:
            await self._backend.start()
        except CallError as error:
            raise RunStopped(str(error)) from error
        self.model = self._backend.model
        if self._backend.features != self.features:
            self.features = self._backend.features
            self._limiter = self._make_limiter()

    async def change(self, backend: Backend) -> None:
        """Go on with another backend; no call may be in flight. The old one is closed first, for memory holds one model.

        Raises what starting the new one raises.
        """
        if self._running:
            raise RuntimeError("the backend can't change while calls are in flight")
        await self._backend.close()
        self._backend = backend
        await self.start()

    async def call(self, request: Request) -> Answer:
        """See the Protocol. Identical calls at the same time are made once."""
        self.check()
        try:
            key = request.key
        except TypeError as error:
            raise ItemFailed(f"{request.purpose}: the prompt holds text that is not valid Unicode") from error
        task = self._running.get(key)
        if task is None:
            logged = self._log.get(key)
            if logged is not None:
                self._reused += 1
                self._note(request.purpose, 0)
                return logged
            task = asyncio.get_running_loop().create_task(self._make(key, request))
            self._running[key] = task
        else:
            self._shared += 1
            self._note(request.purpose, 1)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled() and (stopped := self.stopped) is not None:
                raise _again(stopped) from None
            raise

    def stop(self, reason: str) -> None:
        """End the run in order: nothing new is called, calls in flight may end. All calls raise Interrupted(reason)."""
        self._by_user = True
        self._halt(Interrupted(reason))

    @property
    def stopped(self) -> DuologueError | None:
        """Why nothing is called any more, or None."""
        return self._stopped

    def check(self) -> None:
        """Raise why the run is to end, if it is; from any thread."""
        if self._stopped is not None:
            raise _again(self._stopped)

    @property
    def spent(self) -> tuple[int, int]:
        """(prompt, completion) tokens that the run folder has paid for."""
        return self._budget.prompt_tokens, self._budget.completion_tokens

    def usage(self) -> Usage:
        """A snapshot of the counts."""
        return Usage(
            calls=self._calls,
            reused=self._reused,
            shared=self._shared,
            retries=self._retries,
            failed=self._failed,
            in_flight=self._limiter.active,
            limit=self._limiter.limit,
            prompt_tokens=self._prompt,
            completion_tokens=self._completion,
            cached_tokens=self._cached,
            cost=self._budget.cost,
            tokens_per_second=self._speed.rate(),
        )

    def also(self, made: Usage) -> None:
        """Count, and charge to the budget, what other engines of the run did since the last time."""
        self._calls += made.calls
        self._reused += made.reused
        self._shared += made.shared
        self._retries += made.retries
        self._failed += made.failed
        self._prompt += made.prompt_tokens
        self._completion += made.completion_tokens
        self._cached += made.cached_tokens
        self._speed.add(made.completion_tokens)
        self._budget.spend(made.prompt_tokens, made.completion_tokens)

    async def close(self, grace: float | None = None) -> None:
        """Let calls in flight end and be logged, then close the backend.

        ``grace`` is how many seconds they get: by default 5 after :meth:`stop`, else as long as their timeouts allow.
        """
        if self._stopped is None:
            self._halt(RunStopped("the run has ended"))
        running = list(self._running.values())
        if running:
            if grace is None and self._by_user:
                grace = 5.0
            _, late = await asyncio.wait(running, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        with suppress(DuologueError):
            self._write_notes()
        await self._backend.close()

    async def _make(self, key: str, request: Request) -> Answer:
        try:
            if self._earlier is not None and (logged := await self._earlier(key)) is not None:
                self._reused += 1
                self._note(request.purpose, 0)
                return logged
            return await self._try(key, request)
        except (CallError, ItemFailed, asyncio.CancelledError):
            raise
        except DuologueError as error:
            # Not this call's fault (a full disk, a spent budget, a model that can't be loaded): nobody can go on.
            self._halt(error)
            raise _again(self._stopped or error) from error
        finally:
            del self._running[key]

    async def _try(self, key: str, request: Request) -> Answer:
        tries = self._refusals.begin()
        started = None
        while True:
            await self._limiter.acquire(first=tries.failures > 0)
            before, started = started, self._clock()
            try:
                self._budget.check()
                answer = await self._backend.answer(request)
                self._answered_at = self._clock()
                self._refusals.answered()
                self._count(answer)
                await self._log.put(key, request, answer, self._clock() - started, tries.failures + 1)
            except CallError as error:
                overload = error.kind == "busy" or (
                    error.kind == "retry" and error.status is None and _timed_out(error)
                )
                self._limiter.release(
                    "busy" if overload else "error", started, request.purpose, retry_after=error.retry_after
                )
                # A refusal comes at once, so what was answered since the try before tells more.
                since = min(started if before is None else before, self._clock() - GENTLE_CAP)
                await self._after(error, key, request, tries, alone=self._answered_at > since)
            except DuologueError:
                self._limiter.release("error", started)
                raise
            except Exception as error:
                self._limiter.release("error", started)
                message = f"{type(error).__name__}: {error}"
                raise self._give_up(key, request, "give_up", message, tries.failures + 1) from error
            except BaseException:
                self._limiter.release("error", started)
                raise
            else:
                self._limiter.release("ok", started, request.purpose)
                return answer

    async def _after(self, error: CallError, key: str, request: Request, tries: Tries, *, alone: bool) -> None:
        """Wait before the next try, or raise."""
        refused = self._refusals.failed(error, key, tries)
        self._count_wasted(error, key, request, tries.failures)
        if error.kind == "stop" or self._retry.asks_too_long(error):
            self._log.failed(key, request.purpose, error.kind, str(error), tries.failures)
            raise RunStopped(f"{error}; mend this and run the same command again to go on") from error
        if not refused:
            wait = self._retry.wait(error, tries.faults, alone=alone)
        else:
            wait = self._retry.pause(error, tries.refusals, alone=alone or not self._refusals.outage)
            if self._refusals.outage_too_long(tries):
                self._log.failed(key, request.purpose, error.kind, str(error), tries.failures)
                minutes = round(LONGEST_OUTAGE / 60)
                raise RunStopped(
                    f"{error}; no call was answered for {minutes} minutes, run the same command again later to go on"
                ) from error
            if self._refusals.hopeless(tries, self._config.retries):
                wait = None
        if wait is None:
            raise self._give_up(key, request, error.kind, str(error), tries.failures) from error
        self._retries += 1
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), wait)
        if self._stopped is not None:
            raise _again(self._stopped)

    def _give_up(self, key: str, request: Request, kind: str, message: str, tries: int) -> ItemFailed:
        self._failed += 1
        message = " ".join(message.split())[:400]
        self._log.failed(key, request.purpose, kind, message, tries)
        return ItemFailed(f"{request.purpose}: {message}" + (f" (tried {tries} times)" if tries > 1 else ""))

    def _count(self, answer: Answer) -> None:
        self._calls += 1
        self._prompt += answer.prompt_tokens
        self._completion += answer.completion_tokens
        self._cached += answer.cached_tokens
        self._speed.add(answer.completion_tokens)
        self._budget.spend(answer.prompt_tokens, answer.completion_tokens)

    def _count_wasted(self, error: CallError, key: str, request: Request, failures: int) -> None:
        """Tokens of an answer that was paid for and could not be used count against the budget, also after a restart."""
        prompt = int(getattr(error, "prompt_tokens", 0))
        completion = int(getattr(error, "completion_tokens", 0))
        if prompt or completion:
            self._prompt += prompt
            self._completion += completion
            self._budget.spend(prompt, completion)
            self._log.failed(key, request.purpose, "wasted", str(error), failures, prompt, completion)

    def _halt(self, error: DuologueError) -> None:
        if self._stopped is None:
            self._stopped = error
            self._stopping.set()
            self._limiter.stop(_again(error))

    def _note(self, purpose: str, place: int) -> None:
        self._noted.setdefault(purpose, [0, 0])[place] += 1
        self._unnoted += 1
        if self._unnoted >= _NOTE_EVERY:
            self._write_notes()

    def _write_notes(self) -> None:
        for purpose, (reused, shared) in self._noted.items():
            self._log.reused(purpose, reused, shared)
        self._noted.clear()
        self._unnoted = 0


def _timed_out(error: CallError) -> bool:
    return isinstance(error.__cause__, TimeoutError)


def _again(error: DuologueError) -> DuologueError:
    """A fresh copy, since many tasks raise it and each would lengthen its traceback."""
    return type(error)(str(error))
