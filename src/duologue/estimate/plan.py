"""From the sample and the assumptions to the calls, tokens, time and money of a whole run."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from duologue.backends.embedded import default_slots
from duologue.backends.protocol import Features
from duologue.config.sections import Config
from duologue.errors import StoreError
from duologue.estimate.assumptions import (
    ANSWER_TOKENS,
    OTHER_TOKENS,
    UTTERANCE_TOKENS,
    Assumptions,
    assume,
)
from duologue.estimate.probe import Rendered, Tally, render
from duologue.models.scripted import ScriptedEmbedder
from duologue.pairing.match import refuse_impossible
from duologue.records import Attribute
from duologue.seeds import Seeds
from duologue.store.reading import RunReader
from duologue.users import query_bootstrap, query_induction
from duologue.users.attribute_bootstrap import wave_of as attributes_at_once
from duologue.users.expansion import categorise

CHARS_PER_TOKEN = 4.0
CATEGORIES_PER_SEED = 0.3
"""Categories large enough for a query, per seed attribute, at the default cluster distance."""
_DEFAULT_DISTANCE = 0.65
_CLUSTERED = 3_000
"""Most seed attributes that are clustered for an estimate."""


@dataclass(frozen=True, slots=True)
class Line:
    """One purpose's calls. Seconds are wall-clock, of calls side by side."""

    stage: str
    purpose: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will ask for."""

    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    """What was assumed, one sentence each."""

    @property
    def total(self) -> Line:
        """The sum of all lines."""
        return _sum("all", self.lines)

    def stage(self, name: str) -> Line:
        """The sum of one stage's lines."""
        return _sum(name, [line for line in self.lines if line.stage == name])


def _sum(stage: str, lines: Sequence[Line]) -> Line:
    return Line(
        stage,
        "",
        sum(line.calls for line in lines),
        sum(line.prompt_tokens for line in lines),
        sum(line.completion_tokens for line in lines),
        sum(line.cost for line in lines),
        sum(line.seconds for line in lines),
    )


def estimate_run(config: Config, seeds: Seeds, folder: Path | None = None) -> Estimate:
    """Estimate a run on ``seeds``; ``folder`` is its run folder, whose log is read where there is one.

    No model is loaded or fetched and nothing is written. Raises ConfigError when the configuration names what is not
    there, ImpossibleRequest when profiles are given and too few for the pairs.
    """
    if config.profiles.source == "given":
        refuse_impossible(len(seeds.profiles), 0, config.pairing)
    features = Features(
        grammar=config.model.backend == "embedded",
        json_schema=config.model.backend == "endpoint" and config.model.json_schema,
        logprobs=True,
        slots=(config.model.slots or default_slots()) if config.model.backend == "embedded" else None,
    )
    assumed = assume(config, folder)
    rendered = asyncio.run(render(seeds, config, features, config.model.name))
    units = _users(seeds, config, assumed, rendered) | _loop(config, assumed, rendered)
    waves = {
        "expansion.query": query_induction.WAVE,
        "expansion.bootstrap_query": query_bootstrap.WAVE,
        "expansion.attribute": attributes_at_once(_target(seeds, config)),
    }
    wide = config.pairing.pairs * config.generator.candidates
    lines = tuple(
        _line(stage, purpose, calls, tally, config, features, assumed, rendered, waves.get(purpose, wide))
        for (stage, purpose), (calls, tally) in units.items()
        if calls >= 0.5 and tally is not None
    )
    return Estimate(lines, _notes(config, assumed, rendered, folder, lines))


Units = dict[tuple[str, str], tuple[float, Tally | None]]
"""(stage, purpose) to (calls, what the sample measured)."""


def _users(seeds: Seeds, config: Config, assumed: Assumptions, rendered: Rendered) -> Units:
    expansion = config.expansion
    if not expansion.enabled or config.profiles.source != "built":
        return {}
    target = _target(seeds, config)
    attempts = min(target / assumed.attributes_accepted, 4 * target + expansion.acceptance_window)
    calls = {"expansion.attribute": attempts}
    if expansion.queries:
        calls = {
            "expansion.query": _categories(seeds, config) * assumed.query_draws,
            "expansion.bootstrap_query": float(expansion.bootstrap_queries),
            **calls,
        }
    return {("users", purpose): (n, rendered.users.get(purpose)) for purpose, n in calls.items()}


def _target(seeds: Seeds, config: Config) -> int:
    """New attributes wanted."""
    return len(seeds.attributes) if config.expansion.target is None else config.expansion.target


def _categories(seeds: Seeds, config: Config) -> float:
    """Categories whose query is induced."""
    expansion = config.expansion
    texts = seeds.attributes
    if config.small_models.embedder == "scripted" and len(texts) <= _CLUSTERED:
        found = categorise([Attribute.of(t) for t in texts], config=expansion, embedder=ScriptedEmbedder())
        big = [c for c in found.categories if len(c.attributes) >= expansion.min_cluster] or found.categories
        count = float(len(big))
    else:
        count = max(1.0, CATEGORIES_PER_SEED * len(texts) * min(1.0, expansion.cluster_distance / _DEFAULT_DISTANCE))
    return count if expansion.max_queries is None else min(count, expansion.max_queries)


def _loop(config: Config, assumed: Assumptions, rendered: Rendered) -> Units:
    pairs, each, iterations = config.pairing.pairs, config.generator.candidates, config.loop.iterations
    survive = assumed.candidates_survive
    none = (1 - survive) ** each
    rounds = sum(none**k for k in range(config.loop.regenerations + 1))
    candidates = pairs * iterations * each * rounds
    if config.loop.method != "few-shot":
        # Three Generators write for every held-out pair after every iteration but the last.
        candidates += 3 * pairs * config.splits.valid * (iterations - 1)
    per_candidate = sum(t.calls for t in rendered.generator.values()) / max(1, rendered.candidates)
    factor = 1.0 if assumed.calls_per_candidate is None else assumed.calls_per_candidate / max(per_candidate, 1e-9)
    # Meetings of two: among the survivors of a round, and of each with the winner so far.
    decided = 1 - none ** (config.loop.regenerations + 1)
    among = math.comb(each, 2) * survive**2 / (1 - none) if none < 1 else 0.0
    champions = (iterations - 1) / iterations if config.loop.keep == "best" else 0.0
    duels = pairs * iterations * decided * (among + champions * each * survive / max(1 - none, 1e-9))
    units: Units = {}
    for purpose, tally in rendered.generator.items():
        units["conversations", purpose] = (candidates * factor * tally.calls / rendered.candidates, tally)
    for purpose, tally in rendered.review.items():
        units["critic", purpose] = (candidates * tally.calls / rendered.reviewed, tally)
    for purpose, tally in rendered.duel.items():
        units["tournament", purpose] = (duels * tally.calls, tally)
    return units


def _line(
    stage: str,
    purpose: str,
    calls: float,
    tally: Tally,
    config: Config,
    features: Features,
    assumed: Assumptions,
    rendered: Rendered,
    side_by_side: int,
) -> Line:
    """``side_by_side``: most calls of the purpose that the stage makes at once."""
    seen = assumed.seen.get(purpose)
    if seen is not None:
        prompt, answer = seen.prompt_tokens, seen.answer_tokens
    else:
        prompt = tally.prompt_chars / tally.calls / CHARS_PER_TOKEN
        if assumed.answers_as_scripted:
            answer = tally.answer_chars / tally.calls / CHARS_PER_TOKEN
        elif purpose == "generator.whole":
            answer = UTTERANCE_TOKENS * rendered.utterances
        else:
            answer = ANSWER_TOKENS.get(purpose, OTHER_TOKENS)
    seconds = seen.seconds if seen is not None else assumed.call_seconds + assumed.token_seconds * answer
    width = config.engine.concurrency if features.slots is None else features.slots
    if stage != "users":
        width *= _workers(config)
    overlaps = seen is not None or assumed.side_by_side
    at_once = min(width, side_by_side, max(1.0, calls)) if overlaps else 1.0
    budget = config.budget
    return Line(
        stage,
        purpose,
        round(calls),
        round(calls * prompt),
        round(calls * answer),
        calls * (prompt * budget.prompt_price + answer * budget.completion_price) / 1_000_000,
        calls * seconds / at_once,
    )


def _workers(config: Config) -> int:
    """How many work on level 3 side by side; 1 where the cluster decides."""
    executor = config.executor
    if executor.kind != "ray":
        return 1
    return min(executor.workers or 1, executor.shards or config.pairing.pairs, config.pairing.pairs)


def _notes(
    config: Config, assumed: Assumptions, rendered: Rendered, folder: Path | None, lines: tuple[Line, ...]
) -> tuple[str, ...]:
    notes = [
        "Prompts are rendered with this run's seeds and templates; a token is taken as 4 characters, since no model is "
        "loaded."
    ]
    if assumed.seen:
        notes.append(f"Means of the log in {folder} are used for: {', '.join(sorted(assumed.seen))}.")
    if any(line.purpose not in assumed.seen for line in lines):
        notes.append("Answers without a log have assumed lengths, such as 18 tokens an utterance.")
    source = "by this run's rows" if assumed.measured else "assumed"
    notes.append(
        f"Accepted ({source}): {assumed.attributes_accepted:.0%} of new attributes, {assumed.candidates_survive:.0%} of "
        "candidates; each candidate is taken to reach the filters."
    )
    if rendered.hand_written:
        notes.append("The sample's candidates were refused, so the Critic's calls are those on hand-written examples.")
    notes.append("Time is that of the calls, side by side; the small models' own time comes on top.")
    if config.loop.method != "few-shot":
        made = config.loop.iterations - 1
        notes.append(f"Training {made} adapter(s) is not included; without a GPU it can take longer than all calls.")
    if config.executor.kind == "ray":
        notes.append(
            "executor.workers is null, so the time of level 3 is that of one worker; name the number that the cluster has room for."
            if config.executor.workers is None
            else f"Level 3 is taken to have {_workers(config)} worker(s), each with its own calls in flight; levels 1 and 2 have one process."
        )
    total_tokens = sum(line.prompt_tokens + line.completion_tokens for line in lines)
    cost = sum(line.cost for line in lines)
    budget = config.budget
    if budget.max_tokens is not None and total_tokens > budget.max_tokens:
        notes.append(f"The limit of {budget.max_tokens:,} tokens would end this run early.")
    if budget.max_cost is not None and cost > budget.max_cost:
        notes.append(f"The limit of {budget.max_cost:g} would end this run early.")
    if not (budget.prompt_price or budget.completion_price):
        notes.append("No money is shown: budget.prompt_price and budget.completion_price are 0.")
    if (logged := _logged(folder)) > 0:
        notes.append(
            f"{folder} has {logged:,} calls in its log; those that come again unchanged are not paid again and are not "
            "taken off here."
        )
    return tuple(notes)


def _logged(folder: Path | None) -> int:
    if folder is None or not folder.is_dir():
        return 0
    try:
        with RunReader(folder) as reader:
            return sum(t.calls for t in reader.call_totals())
    except StoreError:
        return 0
