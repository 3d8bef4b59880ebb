"""Prompts of a run, really rendered from its seeds, templates and examples, and measured.

A few users, pairs and candidates are made with stand-ins for all models: the scripted language model answers, so
nothing is loaded, fetched or paid for. What they would have asked is what the run will ask, but for the words.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from duologue.backends.protocol import Answer, Features, Request
from duologue.backends.scripted import ScriptedBackend
from duologue.config.sections import Config
from duologue.conversations.critic.critic import Critic
from duologue.conversations.critic.protocol import CriticContext
from duologue.conversations.examples import Example, shipped_examples
from duologue.conversations.generator.protocol import GeneratorContext, Refused, Task
from duologue.conversations.generator.registry import make_generator
from duologue.conversations.pool import Pool
from duologue.errors import ItemFailed
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli, ScriptedToxicity
from duologue.pipeline import sampling
from duologue.records import Attribute, Candidate, Comparison, Outcome, Pair, Profile, Stage, Verdict
from duologue.seeds import Seeds
from duologue.users.expansion import expand

CANDIDATES = 24
"""Candidates of the sample."""
REVIEWED = 4
"""Candidates of the sample that the experts look at."""
LEAST_REVIEWED = 2
"""Where fewer came, hand-written conversations are added: a tournament needs two."""
SEEDS = 100
"""Seed attributes of the sample."""


@dataclass(slots=True)
class Tally:
    """Calls of one purpose."""

    calls: int = 0
    prompt_chars: int = 0
    answer_chars: int = 0


class Probe:
    """A :class:`duologue.backends.protocol.Caller` that keeps count of what it is asked, and answers by script."""

    def __init__(self, model: str, features: Features, seed: int) -> None:
        self.model = model
        self.features = features
        self.tallies: dict[str, Tally] = {}
        self._backend = ScriptedBackend(seed)

    async def call(self, request: Request) -> Answer:
        """See the Protocol."""
        answer = await self._backend.answer(request)
        tally = self.tallies.setdefault(request.purpose, Tally())
        tally.calls += 1
        tally.prompt_chars += sum(len(m.content) for m in request.messages)
        tally.answer_chars += len(answer.text)
        return answer


@dataclass(slots=True)
class Rendered:
    """The sample's calls by purpose, and of how many units they are."""

    users: dict[str, Tally] = field(default_factory=dict)
    generator: dict[str, Tally] = field(default_factory=dict)
    candidates: int = 0
    utterances: float = 0.0
    """Mean number of utterances asked for."""
    review: dict[str, Tally] = field(default_factory=dict)
    """Of the filters, and of the quality experts' scores."""
    reviewed: int = 0
    hand_written: int = 0
    """Of those that the experts looked at: conversations that ship with duologue, for want of candidates."""
    duel: dict[str, Tally] = field(default_factory=dict)
    """Of one meeting of two candidates under every quality expert."""


class _Nowhere:
    """A ledger that forgets."""

    def record(self, outcome: Outcome) -> None:
        """Ignore."""

    def judged(self, candidate_id: str, verdicts: Sequence[Verdict]) -> None:
        """Ignore."""

    def compared(self, pair_id: str, iteration: int, comparisons: Sequence[Comparison]) -> None:
        """Ignore."""

    def begin(self, stage: Stage, total: int | None, iteration: int = 0) -> None:
        """Ignore."""

    async def flush(self) -> None:
        """Ignore."""


async def render(seeds: Seeds, config: Config, features: Features, model: str) -> Rendered:
    """Make the sample. Raises ConfigError when the configuration names a mode or expert that is not there."""
    rendered = Rendered()
    if config.expansion.enabled and config.profiles.source == "built":
        rendered.users = await _users(seeds, config, Probe(model, features, config.seed))
    probe = Probe(model, features, config.seed)
    made = await _candidates(seeds, config, probe, rendered)
    rendered.generator = probe.tallies
    examples = shipped_examples()[: max(0, LEAST_REVIEWED - len(made))]
    rendered.hand_written = len(examples)
    await _critic([*made, *map(_candidate, examples)], config, features, model, rendered)
    return rendered


async def _users(seeds: Seeds, config: Config, probe: Probe) -> dict[str, Tally]:
    few = config.expansion.model_copy(
        update={
            "target": min(16, 16 if config.expansion.target is None else config.expansion.target),
            "bootstrap_queries": min(8, config.expansion.bootstrap_queries),
            "max_queries": min(16, config.expansion.max_queries or 16),
        }
    )
    await expand(
        [Attribute.of(text) for text in seeds.attributes[:SEEDS]],
        config=few,
        caller=probe,
        embedder=ScriptedEmbedder(),
        nli=ScriptedNli(),
        ledger=_Nowhere(),
        sampling=sampling(config.model.sampling),
        seed=config.seed,
    )
    return probe.tallies


async def _candidates(seeds: Seeds, config: Config, probe: Probe, rendered: Rendered) -> list[Candidate]:
    generator = make_generator(
        config.generator.mode,
        GeneratorContext(
            caller=probe,
            config=config.generator,
            sampling=sampling(config.generator.sampling or config.model.sampling),
            critic=config.critic,
            embedder=ScriptedEmbedder(),
            nli=ScriptedNli(),
        ),
    )
    pool = Pool(shipped_examples())
    made: list[Candidate] = []
    asked = 0
    for index in range(CANDIDATES):
        pair = _pair(seeds, config, index)
        # One example set per candidate, where the run shares one among neighbours: the sample is small.
        examples = pool.draw(config.generator.examples, iteration=1, index=index * 1000, seed=config.seed)
        task = Task(pair, 1, 0, 0, examples, config.generator.utterances, config.seed)
        asked += task.target
        try:
            made.append(await generator.generate(task))
        except (Refused, ItemFailed):
            continue
    rendered.candidates = CANDIDATES
    rendered.utterances = asked / CANDIDATES
    return made


async def _critic(
    made: Sequence[Candidate], config: Config, features: Features, model: str, rendered: Rendered
) -> None:
    probe = Probe(model, features, config.seed)
    context = CriticContext(config.critic, ScriptedEmbedder(), ScriptedNli(), ScriptedToxicity(), probe, config.seed)
    critic = Critic.from_config(context, max_words=config.generator.max_utterance_words)
    said: list[dict[str, Verdict]] = []
    scores: dict[str, dict[str, Verdict]] = {expert.name: {} for expert in critic.quality}
    for candidate in made[:REVIEWED]:
        verdicts = {}
        for judge in critic.filters:
            try:
                verdicts[judge.name] = await judge.judge(candidate)
            except ItemFailed:
                continue
        said.append(verdicts)
        for expert in critic.quality:
            scores[expert.name][candidate.id] = await expert.score(candidate, verdicts)
    rendered.review, rendered.reviewed = probe.tallies, len(said)
    probe.tallies = {}
    one, other = made[:2]
    for expert in critic.quality:
        for first, second in [(one, other), (other, one)][: 2 if expert.both_orders else 1]:
            await expert.compare(first, second, scores[expert.name])
    rendered.duel = probe.tallies


def _candidate(example: Example) -> Candidate:
    one, other = (Profile.of(tuple(map(Attribute.of, texts))) for texts in (example.user_1, example.user_2))
    pair = Pair(f"p-{example.id}", 0, one, other)
    return Candidate(f"k-{example.id}", pair, 1, 0, 0, example.utterances, "turns", "", "", 0)


def _pair(seeds: Seeds, config: Config, index: int) -> Pair:
    """Two users such as the run may have, without looking for what they have in common."""
    draw = random.Random(f"{config.seed}/estimate/{index}")
    texts = seeds.attributes

    def user() -> Profile:
        if config.profiles.source == "given":
            own: Sequence[str] = draw.choice(seeds.profiles)
        else:
            own = draw.sample(texts, min(len(texts), draw.randint(*config.profiles.size_range)))
        return Profile.of(tuple(Attribute.of(text) for text in own))

    return Pair(f"p-estimate-{index}", index, user(), user())
