"""Attribute bootstrapping: a query and a few random attributes bring one new attribute (paper, section 3.1).

Attempts run in waves. All attempts of a wave see the attributes accepted before it and are judged in their order, so
what is accepted depends on the seed alone, never on which call ends first.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from duologue import prompts
from duologue.backends.grammar import first_person
from duologue.backends.protocol import Answer, Caller, Request, Sampling
from duologue.config.sections import ExpansionConfig
from duologue.errors import ItemFailed
from duologue.models.protocol import Embedder, Floats, Nli
from duologue.records import Attribute, Outcome, make_id
from duologue.store.protocol import Ledger
from duologue.text import normalise
from duologue.users.calls import ask_all
from duologue.users.cleaning import clean
from duologue.users.known import Known
from duologue.users.refusal import Limits, Refusal, halves, refuse_attribute

WAVE = 32
"""Most attempts that see the same attributes; fixed, because the results depend on it."""
MANY = 20_000
MANY_WAVE = 4096
SHARE = 64
"""Where at least ``MANY`` attributes are wanted, a wave is one ``SHARE``-th of them, at most ``MANY_WAVE``: each wave waits for
its slowest call, so their number must not grow with the target."""
ATTRIBUTE_TOKENS = 48
"""Most tokens of an attribute."""
MAX_ATTRIBUTE_CHARS = 160
"""Most characters of an attribute where a grammar forces its form."""
HALVES_CONTRADICTION = 0.9
"""A sentence whose own two halves contradict each other with at least this probability is refused."""
_LEAST_WAVE = 4
_CONTRADICTION = 2

Stopped = Literal["target", "acceptance", "attempts", "queries"]


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """What attribute bootstrapping brought."""

    attributes: tuple[Attribute, ...]
    """The new ones, in order of attempt; without a category yet."""
    queries: tuple[str, ...]
    """The query that each of them answers."""
    vectors: Floats
    """Array (number of new attributes, dimensions)."""
    stopped: Stopped
    """Why it ended: target reached, acceptance too low, attempts used up, or no query to answer."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    number: int
    query: str
    context: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    text: str
    refusal: Refusal | None


async def bootstrap_attributes(
    seeds: Sequence[Attribute],
    vectors: Floats,
    queries: Sequence[str],
    *,
    config: ExpansionConfig,
    caller: Caller,
    embedder: Embedder,
    nli: Nli,
    ledger: Ledger,
    sampling: Sampling,
    seed: int,
) -> Bootstrapped:
    """Write new attributes until ``config.target`` are accepted (null: as many as there are seeds).

    ``vectors`` (number of seeds, dimensions) are the seeds' embeddings. Ends earlier when fewer than
    ``config.min_acceptance`` of the last ``config.acceptance_window`` attempts were accepted, or after
    4 x target + window attempts. Every query is used before one is used again; an attempt at the empty query is shown the
    attributes alone. Each attempt is one item of stage
    ``attribute``.
    """
    target = len(seeds) if config.target is None else config.target
    order = _Rounds(list({normalise(q): q for q in queries}.values()), seed)
    known = Known([a.text for a in seeds], vectors)
    new: list[Attribute] = []
    answered: list[str] = []
    history: list[bool] = []
    most = 4 * target + config.acceptance_window
    ledger.begin("attribute", target)
    most_of_wave = wave_of(target)
    stopped: Stopped = "target"
    while len(new) < target:
        if not order.queries or not known.texts:
            stopped = "queries"
            break
        if _too_few(history, config):
            stopped = "acceptance"
            break
        if len(history) >= most:
            stopped = "attempts"
            break
        size = min(most_of_wave, max(target - len(new), _LEAST_WAVE), most - len(history))
        wave = [_draw(len(history) + i, order, known.texts, config, seed) for i in range(size)]
        answers = await ask_all(caller, [_request(attempt, caller, sampling, seed) for attempt in wave])
        read = [_read(attempt, answer, config) for attempt, answer in zip(wave, answers, strict=True)]
        read = await asyncio.to_thread(_refuse_split, read, nli)
        vectors = await asyncio.to_thread(embedder.embed, [r.text for r in read if r.refusal is None])
        ahead = await asyncio.to_thread(known.ahead, vectors)
        numbers = itertools.count()
        for attempt, one in zip(wave, read, strict=True):
            refusal = one.refusal
            if refusal is None:
                number = next(numbers)
                if twin := ahead.duplicate(number, one.text, config.max_similarity):
                    refusal = Refusal("duplicate", twin)
                elif len(new) >= target:
                    refusal = Refusal("target", "enough attributes were accepted before it")
                else:
                    ahead.keep(number, one.text)
                    new.append(Attribute.of(one.text, "bootstrapped"))
                    answered.append(attempt.query)
            history.append(refusal is None)
            ledger.record(_outcome(attempt, one.text, refusal))
    return Bootstrapped(tuple(new), tuple(answered), np.array(known.vectors[len(seeds) :]), stopped)


def wave_of(target: int) -> int:
    return WAVE if target < MANY else min(MANY_WAVE, max(WAVE, target // SHARE))


def _too_few(history: Sequence[bool], config: ExpansionConfig) -> bool:
    window = history[-config.acceptance_window :]
    return len(window) == config.acceptance_window and sum(window) < config.min_acceptance * len(window)


class _Rounds:
    """All queries in a new order each round."""

    def __init__(self, queries: list[str], seed: int) -> None:
        self.queries = queries
        self._seed = seed
        self._round = -1
        self._shuffled: list[str] = []

    def query(self, number: int) -> str:
        """The query of an attempt; cheap where attempts come in order."""
        round_, place = divmod(number, len(self.queries))
        if round_ != self._round:
            rng = random.Random(f"{self._seed}/expansion.queries/{round_}")
            self._round, self._shuffled = round_, rng.sample(self.queries, len(self.queries))
        return self._shuffled[place]


def _draw(number: int, queries: _Rounds, known: Sequence[str], config: ExpansionConfig, seed: int) -> _Attempt:
    draw = random.Random(f"{seed}/expansion.attribute/{number}")
    context = tuple(draw.sample(known, min(config.attribute_context, len(known))))
    return _Attempt(number, queries.query(number), context)


def _request(attempt: _Attempt, caller: Caller, sampling: Sampling, seed: int) -> Request:
    sentences = "\n".join(prompts.as_data(text) for text in attempt.context)
    values = {"query": prompts.as_data(attempt.query)} if attempt.query else {}
    return Request(
        purpose="expansion.attribute",
        model=caller.model,
        messages=_prompt(attempt).messages(sentences=sentences, **values),
        sampling=replace(sampling, max_tokens=ATTRIBUTE_TOKENS, stop=("\n",)),
        sample=attempt.number,
        seed=seed,
        grammar=first_person(MAX_ATTRIBUTE_CHARS) if caller.features.grammar else None,
    )


def _prompt(attempt: _Attempt) -> prompts.Prompt:
    return prompts.load("attribute_bootstrap" if attempt.query else "attribute_bootstrap_alone")


def _read(attempt: _Attempt, answer: Answer | ItemFailed, config: ExpansionConfig) -> _Read:
    if isinstance(answer, ItemFailed):
        return _Read("", Refusal("failed", str(answer)))
    text = clean(answer.text)
    if answer.finish == "length":
        return _Read(text, Refusal("cut_off", f"not finished within {ATTRIBUTE_TOKENS} tokens"))
    examples = tuple(body for role, body in _prompt(attempt).sections if role == "assistant")
    limits = Limits(config.min_words, config.max_words, context=attempt.context, examples=examples)
    return _Read(text, refuse_attribute(text, limits))


def _refuse_split(read: Sequence[_Read], nli: Nli) -> list[_Read]:
    """Refuse sentences whose two first-person halves contradict each other, by inference."""
    parts = {i: found for i, r in enumerate(read) if r.refusal is None and (found := halves(r.text))}
    out = list(read)
    if parts:
        for i, row in zip(parts, nli.predict(list(parts.values())), strict=True):
            if row[_CONTRADICTION] >= HALVES_CONTRADICTION:
                reason = f"its halves contradict each other (probability {row[_CONTRADICTION]:.2f})"
                out[i] = _Read(read[i].text, Refusal("contradiction_in_terms", reason))
    return out


def _outcome(attempt: _Attempt, text: str, refusal: Refusal | None) -> Outcome:
    data = {"text": text, "query": attempt.query, "attempt": attempt.number}
    if refusal is None:
        return Outcome("attribute", Attribute.of(text).id, "accepted", data=data)
    item = make_id("t", str(attempt.number), text)
    if refusal.by == "failed":
        return Outcome("attribute", item, "failed", by="call", reason=refusal.reason, data=data)
    return Outcome("attribute", item, "rejected", by=refusal.by, reason=refusal.reason, data=data)
