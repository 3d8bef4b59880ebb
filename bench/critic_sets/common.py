"""What the sets share: the laboratory with the models, rows of the table, bootstrap intervals, candidates out of texts."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from duologue.backends.protocol import Answer, Caller, Features, Request
from duologue.config.sections import CriticConfig
from duologue.conversations.critic import registry
from duologue.conversations.critic.protocol import CriticContext
from duologue.errors import ItemFailed
from duologue.models.embedder import load_embedder
from duologue.models.nli import load_nli
from duologue.models.toxicity import load_toxicity
from duologue.records import Attribute, Candidate, Pair, Profile, Verdict, make_id
from duologue.text import content_words, words

DRAWS = 1000
"""Bootstrap samples behind each interval."""
MODEL = "labels: LLM"
"""Of pairs and talks that a language model wrote and marked; everything else was labelled by people, or follows from how it
was made."""
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    set: str
    measure: str
    expert: str
    value: float
    low: float
    high: float
    n: int
    trivial: str = ""
    """Name and value of the trivial method."""
    published: str = ""
    unit: str = ""
    labels: str = ""
    """Whose labels they are, where not people's: :data:`MODEL`."""

    def markdown(self) -> str:
        """The line."""
        shown = [f"{v:.1%}" if self.unit == "%" else f"{v:.3f}" for v in (self.value, self.low, self.high)]
        interval = f"{shown[1]} to {shown[2]}" if not np.isnan(self.low) else ""
        named = f"{self.set} ({self.labels})" if self.labels else self.set
        return f"| {named} | {self.n} | {self.measure} | {self.expert} | {shown[0]} | {interval} | {self.trivial} | {self.published} |"


class NoJudge:
    """No language model: experts that need one can't be measured here."""

    model = "none"
    features = Features()

    async def call(self, request: Request) -> Answer:
        """Raise ItemFailed."""
        raise ItemFailed("this bench has no language model")


@dataclass
class Lab:
    """The models and the experts, and where the data lies."""

    data: Path | None
    run: Path | None = None
    limit: int | None = None
    seed: int = 0
    config: CriticConfig = field(default_factory=CriticConfig)
    nli: str = "builtin"
    """As ``small_models.nli``."""
    judge_model: Caller | None = None
    """The language model of the experts that ask one."""

    @cached_property
    def context(self) -> CriticContext:
        """The embedded models, as a run would load them."""
        judge = self.judge_model or NoJudge()
        return CriticContext(
            self.config, load_embedder("minilm"), load_nli(self.nli), toxicity_model(), judge, self.seed
        )

    @cached_property
    def filters(self) -> dict[str, Any]:
        """The filters of the configuration by name."""
        return {f.name: f for f in registry.build_filters(self.context)}

    @cached_property
    def quality(self) -> dict[str, Any]:
        """The quality experts of the configuration by name."""
        return {q.name: q for q in registry.build_quality(self.context)}

    def judge(self, name: str, candidates: Iterable[Candidate]) -> list[Verdict]:
        """What a filter says of each candidate."""

        async def all_of() -> list[Verdict]:
            return [await self.filters[name].judge(c) for c in candidates]

        return asyncio.run(all_of())

    def scores(self, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
        """By quality expert: the value of each candidate; and ``mean``, over the experts."""

        async def all_of() -> dict[str, np.ndarray]:
            return {
                name: np.array([(await expert.score(c, {})).value for c in candidates])
                for name, expert in self.quality.items()
            }

        found = asyncio.run(all_of())
        return {**found, "mean": np.mean(list(found.values()), axis=0)}

    def jsonl(self, name: str) -> list[dict[str, Any]] | None:
        """The rows of a file of the data folder, cut to ``limit`` at random; None when it is not there."""
        if self.data is None or not (self.data / name).is_file():
            return None
        lines = (self.data / name).read_text(encoding="utf-8").splitlines()
        return self.cut([json.loads(line) for line in lines if line.strip()])

    def cut(self, rows: list[Any]) -> list[Any]:
        """At most ``limit`` rows, drawn at random, in order."""
        if self.limit is None or len(rows) <= self.limit:
            return rows
        kept = np.random.default_rng(self.seed).choice(len(rows), self.limit, replace=False)
        return [rows[i] for i in sorted(kept)]

    def row(
        self,
        name: str,
        measure: str,
        expert: str,
        statistic: Callable[[np.ndarray], float],
        n: int,
        *,
        trivial: tuple[str, Callable[[np.ndarray], float]] | None = None,
        published: str = "",
        unit: str = "",
        labels: str = "",
    ) -> Row:
        """A row whose statistic is a function of the indices drawn; so is the trivial method's."""
        every = np.arange(n)
        low, high = interval(statistic, n, self.seed)
        beside = ""
        if trivial is not None:
            value = trivial[1](every)
            beside = f"{trivial[0]} {value:.1%}" if unit == "%" else f"{trivial[0]} {value:.3f}"
        return Row(name, measure, expert, statistic(every), low, high, n, beside, published, unit, labels)


def held_chats() -> list[Any]:
    """The chats of ``training/critic/chats_held.txt``, each with its marks; nothing was fitted on them."""
    sys.path.insert(0, str(REPOSITORY / "training" / "critic"))
    from data import chats

    return list(chats("chats_held.txt"))


def toxicity_model() -> Any:
    """The configuration's default toxicity model."""
    from duologue.config.sections import SmallModelsConfig

    return load_toxicity(SmallModelsConfig().toxicity)


def interval(statistic: Callable[[np.ndarray], float], n: int, seed: int) -> tuple[float, float]:
    """95 % bootstrap interval over ``n`` items."""
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        drawn = [statistic(rng.integers(0, n, n)) for _ in range(DRAWS)]
    if np.isnan(drawn).all():
        return float("nan"), float("nan")
    return float(np.nanpercentile(drawn, 2.5)), float(np.nanpercentile(drawn, 97.5))


def candidate(
    user_1: Sequence[str], user_2: Sequence[str], utterances: Sequence[str], name: str = "", sample: int = 0
) -> Candidate:
    """A candidate out of texts."""
    one, two = (Profile.of(tuple(Attribute.of(t) for t in texts)) for texts in (user_1, user_2))
    pair = Pair(make_id("p", one.id, two.id), 0, one, two)
    key = make_id("k", name, *utterances)
    return Candidate(key, pair, 1, 0, sample, tuple(utterances), "whole", "bench", "bench", 0)


def exchanged(one: Candidate) -> Candidate:
    """The same talk with the two profiles exchanged."""
    pair = replace(one.pair, user_1=one.pair.user_2, user_2=one.pair.user_1)
    return replace(one, id=one.id + "-x", pair=pair)


def share(hits: Sequence[bool]) -> Callable[[np.ndarray], float]:
    """The share of hits as a statistic."""
    values = np.array(hits, dtype=float)
    return lambda index: float(values[index].mean())


def auroc(scores: Sequence[float], truth: Sequence[bool]) -> Callable[[np.ndarray], float]:
    """The area under the ROC curve as a statistic; ties count half."""
    s, y = np.array(scores, dtype=float), np.array(truth, dtype=bool)

    def area(index: np.ndarray) -> float:
        a, b = s[index], y[index]
        ranks = _ranks(a)
        hits = int(b.sum())
        if not 0 < hits < len(b):
            return float("nan")
        return float((ranks[b].sum() - hits * (hits + 1) / 2) / (hits * (len(b) - hits)))

    return area


def spearman(scores: Sequence[float], human: Sequence[float]) -> Callable[[np.ndarray], float]:
    """Spearman's correlation as a statistic."""
    s, h = np.array(scores, dtype=float), np.array(human, dtype=float)

    def rho(index: np.ndarray) -> float:
        return float(np.corrcoef(_ranks(s[index]), _ranks(h[index]))[0, 1])

    return rho


def balanced(predicted: Sequence[bool], truth: Sequence[bool]) -> Callable[[np.ndarray], float]:
    """Balanced accuracy as a statistic; not a number where the truth is all of one kind."""
    p, y = np.array(predicted, dtype=bool), np.array(truth, dtype=bool)

    def accuracy(index: np.ndarray) -> float:
        a, b = p[index], y[index]
        return float((a[b].mean() + (~a[~b]).mean()) / 2) if 0 < b.sum() < len(b) else float("nan")

    return accuracy


def _ranks(values: np.ndarray) -> np.ndarray:
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values))
    ranks[order] = np.arange(1, len(values) + 1)
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    sums = np.bincount(place, weights=ranks)
    return (sums / counts)[place]


def overlap(attribute: str, text: str) -> float:
    """Share of the attribute's content words in the text: the trivial measure of support."""
    held, said = set(content_words(attribute)), set(content_words(text))
    return len(held & said) / len(held) if held else 0.0


def word_count(utterances: Sequence[str]) -> int:
    """Words of all utterances together: the trivial measure of quality."""
    return sum(len(words(u)) for u in utterances)
