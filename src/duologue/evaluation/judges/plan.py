"""What the judges will cost, before anybody is asked: the prompts are really made, and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from duologue.backends.embedded import default_slots
from duologue.backends.make import check_model
from duologue.backends.protocol import Answer, Features, Request
from duologue.backends.scripted import FEATURES, ScriptedBackend
from duologue.config.sections import Config
from duologue.estimate import Estimate, Line
from duologue.estimate.assumptions import EMBEDDED, ENDPOINT, LEAST_CALLS, SCRIPTED, Seen
from duologue.estimate.plan import CHARS_PER_TOKEN
from duologue.evaluation.judges.judging import JudgedSet, ask_judges
from duologue.evaluation.judges.options import JudgeOptions
from duologue.evaluation.view import Roles
from duologue.models.registry import find
from duologue.store.database import FILE_NAME
from duologue.store.reading import RunReader

ANSWER_TOKENS = {"judge.geval": 2.0, "judge.gpt_score": 1.0, "judge.llm_eval": 30.0, "judge.formal": 8.0}
OTHER_TOKENS = 2.0
_PROMPT_SECONDS = 0.0005
"""Seconds of one prompt token on two cores; what a server takes is in its seconds of one call."""


@dataclass(slots=True)
class _Tally:
    calls: int = 0
    logged: int = 0
    chars: int = 0


@dataclass(slots=True)
class _Book:
    """A :class:`duologue.backends.protocol.Caller` that notes each distinct call and answers by script."""

    model: str
    features: Features
    logged: frozenset[str]
    tallies: dict[str, _Tally] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _backend: ScriptedBackend = field(default_factory=ScriptedBackend)

    async def call(self, request: Request) -> Answer:
        """See the Protocol."""
        if request.key not in self._seen:
            self._seen.add(request.key)
            tally = self.tallies.setdefault(request.purpose, _Tally())
            if request.key in self.logged:
                tally.logged += 1
            else:
                tally.calls += 1
                tally.chars += sum(len(m.content) for m in request.messages)
        return await self._backend.answer(request)


@dataclass(frozen=True, slots=True)
class JudgePlan:
    """What is still to be asked; calls that stand in the log are left out."""

    estimate: Estimate
    logged: int
    """Calls that stand in the log and cost nothing."""

    @property
    def calls(self) -> int:
        """Calls to be made."""
        return self.estimate.total.calls


def plan_judging(sets: Sequence[JudgedSet], options: JudgeOptions, roles: Roles, *, seed: int) -> JudgePlan:
    """Make every prompt and count. No model is loaded or fetched, nothing is called or written.

    Raises ConfigError, UsageError or ModelError for a model that can't be, StoreError for a log that can't be read.
    """
    config = options.config
    check_model(config)
    model, features = _model(config)
    model, logged, seen = _log(options, model)
    book = _Book(model, features, logged)
    asyncio.run(ask_judges(sets, book, options, roles, seed=seed))
    lines = tuple(_line(purpose, tally, config, features, seen) for purpose, tally in book.tallies.items())
    reused = sum(tally.logged for tally in book.tallies.values())
    return JudgePlan(Estimate(lines, tuple(_notes(config, options, reused, lines))), reused)


def _model(config: Config) -> tuple[str, Features]:
    """The model's name in keys, and what it can do as far as is known before it is asked."""
    if config.model.backend == "scripted":
        return "scripted", FEATURES
    if config.model.backend == "endpoint":
        name = f"{config.model.name} {config.model.extra_body}".strip()
        return name, Features(json_schema=config.model.json_schema, logprobs=True, scoring=True)
    slots = config.model.slots or default_slots()
    features = Features(grammar=True, json_schema=True, logprobs=True, prefill=True, scoring=True, slots=slots)
    file = config.model.name
    return Path(file).stem if file.endswith(".gguf") else find(file).name, features


def _log(options: JudgeOptions, model: str) -> tuple[str, frozenset[str], dict[str, Seen]]:
    """(the model's name in the log, keys in it, means of its calls by purpose); an embedded model's ends in a hash."""
    if not (options.folder / FILE_NAME).is_file():
        return model, frozenset(), {}
    with RunReader(options.folder) as reader:
        totals = [t for t in reader.call_totals() if model in (t.model, t.model.split("@", 1)[0])]
        seen = {
            t.purpose: Seen(t.prompt_tokens / t.calls, t.completion_tokens / t.calls, t.seconds / t.calls)
            for t in totals
            if t.calls >= LEAST_CALLS
        }
        return totals[-1].model if totals else model, reader.call_keys(), seen


def _line(purpose: str, tally: _Tally, config: Config, features: Features, seen: dict[str, Seen]) -> Line:
    assumed = {"scripted": SCRIPTED, "embedded": EMBEDDED, "endpoint": ENDPOINT}[config.model.backend]
    known = seen.get(purpose)
    if known is not None:
        prompt, answer, seconds = known.prompt_tokens, known.answer_tokens, known.seconds
    else:
        prompt = tally.chars / CHARS_PER_TOKEN / max(1, tally.calls)
        answer = ANSWER_TOKENS.get(purpose, OTHER_TOKENS)
        seconds = assumed.call_seconds + assumed.token_seconds * answer
        if config.model.backend == "embedded":
            seconds += _PROMPT_SECONDS * prompt
    width = features.slots or config.engine.concurrency
    at_once = min(width, max(1, tally.calls)) if known is not None or assumed.side_by_side else 1
    prices = config.budget
    return Line(
        "judges",
        purpose,
        tally.calls,
        round(tally.calls * prompt),
        round(tally.calls * answer),
        tally.calls * (prompt * prices.prompt_price + answer * prices.completion_price) / 1_000_000,
        tally.calls * seconds / at_once,
    )


def _notes(config: Config, options: JudgeOptions, logged: int, lines: Sequence[Line]) -> list[str]:
    notes = [
        "The judges' prompts are made from the data; a token is taken as 4 characters, and time is that of the calls."
    ]
    if logged:
        notes.append(f"{logged:,} calls stand in the log in {options.folder} and cost nothing.")
    if "geval" in options.kinds and config.model.backend == "endpoint":
        notes.append(
            f"A server that gives no token probabilities is asked for {options.draws} answers more to each call of "
            "judge.geval; judge.gpt_score and judge.formal then end after their first calls."
        )
    budget = config.budget
    if lines and not (budget.prompt_price or budget.completion_price):
        notes.append("No money is shown: budget.prompt_price and budget.completion_price are 0.")
    tokens = sum(line.prompt_tokens + line.completion_tokens for line in lines)
    if budget.max_tokens is not None and tokens > budget.max_tokens:
        notes.append(f"The limit of {budget.max_tokens:,} tokens would end this early.")
    if budget.max_cost is not None and sum(line.cost for line in lines) > budget.max_cost:
        notes.append(f"The limit of {budget.max_cost:g} would end this early.")
    return notes
