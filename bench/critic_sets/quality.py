"""Human ratings of persona chats between people and bots (wild), and of single responses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from critic_sets.common import Lab, Row, candidate, spearman, word_count
from duologue.conversations.critic import registry
from duologue.conversations.critic.quality.reading import reader_of
from duologue.conversations.critic.quality.scorer import MEASURES, OVERALL, load_scorer
from duologue.records import Candidate

PUBLISHED = {OVERALL: "FED dialogues: DynaEval .547, FED .32 to .44, GPT-4 judge .725"}
PAIRS = "GPT-4 judge .776 (FED pairs)"
LEARNED = "weights learned on the other source files' ratings, no profile on both sides (not shipped)"
RIDGE = 60.0
"""Of the weights that are learned on the ratings for comparison, on standardised measures."""


def rows(lab: Lab) -> Iterator[Row]:
    """Spearman's correlation with people; word count is the trivial method."""
    yield from wild(lab)
    yield from turns(lab)


def scores(lab: Lab, talks: Sequence[Candidate]) -> dict[str, np.ndarray]:
    """By expert: the value of each talk. The configuration's experts that ask no model, ``overall``, and their mean."""
    experts = {**lab.quality, OVERALL: registry.QUALITY[OVERALL](lab.context)}

    async def all_of() -> dict[str, np.ndarray]:
        return {n: np.array([(await e.score(t, {})).value for t in talks]) for n, e in experts.items()}

    found = asyncio.run(all_of())
    return {**found, "mean of five": np.mean([v for n, v in found.items() if n != OVERALL], axis=0)}


def wild(lab: Lab) -> Iterator[Row]:
    """Whole conversations, overall rating 1 to 5; no profile is shown to the experts."""
    data = lab.jsonl("wild_scored.jsonl")
    if data is None:
        return
    talks = [talk_of(row, i) for i, row in enumerate(data)]
    human = [float(row["human_overall_1to5"]) for row in data]
    count = [word_count(t.utterances) for t in talks]
    source = np.array([row["src"] for row in data])
    yield speed(lab, talks)
    found = scores(lab, talks)
    for name, score in found.items():
        yield one(lab, "Spearman", name, spearman, score, human, count, PUBLISHED.get(name, ""))
    learned = cross_validated(measured(lab, talks), np.array(human), source, [profiles(row) for row in data])
    for name, score in ((OVERALL, found[OVERALL]), (LEARNED, learned)):
        if name == LEARNED:
            yield one(lab, "Spearman", name, spearman, score, human, count)
        yield one(lab, "pair accuracy", name, ordered, score, human, count, PAIRS)
        for measure, make in (("Spearman", spearman), ("pair accuracy", ordered)):
            yield lab.row(
                "wild_scored",
                f"{measure}, mean within source files",
                name,
                averaged(make, score, human, source),
                len(talks),
                trivial=("word count", averaged(make, count, human, source)),
            )
    for file in np.unique(source):
        own = np.flatnonzero(source == file)
        label = f"Spearman, {file.removeprefix('data_').removesuffix('.json')}"
        yield one(lab, label, OVERALL, spearman, found[OVERALL][own], np.array(human)[own], np.array(count)[own])


def one(lab: Lab, measure: str, name: str, make, score, human, count, published: str = "") -> Row:
    """A row on wild_scored beside word count."""
    simple = ("word count", make(count, human))
    return lab.row("wild_scored", measure, name, make(score, human), len(human), trivial=simple, published=published)


def averaged(make, score, human, source):
    """A statistic within each source file, averaged by the files' sizes in the sample."""
    s, h = np.array(score, dtype=float), np.array(human, dtype=float)

    def value(index: np.ndarray) -> float:
        total = 0.0
        for name in np.unique(source):
            own = index[source[index] == name]
            total += len(own) / len(index) * make(s[own], h[own])(np.arange(len(own)))
        return total

    return value


def measured(lab: Lab, talks: Sequence[Candidate]) -> np.ndarray:
    """(talks, measures): the measures that ``overall`` weighs."""
    context = lab.context
    reader = reader_of(context.embedder, context.nli, context.toxicity)
    names = load_scorer().weights[OVERALL]
    return np.array([[MEASURES[name](reader.read(t.utterances)).value for name in names] for t in talks])


def profiles(row: dict) -> frozenset[tuple[str, ...]]:
    """The profiles of a chat, each as its sorted attributes; an empty one is none."""
    held = (row.get("bot_profile") or (), row.get("user_profile") or ())
    return frozenset(tuple(sorted(text.strip().lower() for text in one)) for one in held if one)


def cross_validated(
    values: np.ndarray, human: np.ndarray, source: np.ndarray, known: Sequence[frozenset[tuple[str, ...]]]
) -> np.ndarray:
    """What weights learned on the other source files' ratings say of each talk (ridge regression).

    Whole profiles recur from file to file, so talks that share one of ``known`` (each talk's profiles) with the file are left
    out of what its weights are learned on. Only to know what the shipped weights, which have seen no rating, leave on the
    table.
    """
    said = np.zeros(len(human))
    for name in np.unique(source):
        own = source == name
        seen = frozenset().union(*(known[i] for i in np.flatnonzero(own)))
        others = ~own & np.array([not seen & held for held in known])
        if others.sum() < 2:
            raise ValueError(f"{name}: every other talk shares a profile with it, so nothing is left to learn on")
        mean, width = values[others].mean(axis=0), values[others].std(axis=0) + 1e-6
        x = (values[others] - mean) / width
        y = human[others] - human[others].mean()
        weights = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y)
        said[own] = (values[own] - mean) / width @ weights + human[others].mean()
    return said


def speed(lab: Lab, talks: Sequence[Candidate]) -> Row:
    """Conversations a second that ``overall`` scores, on up to 50 that were not seen before."""
    expert, nan = registry.QUALITY[OVERALL](lab.context), float("nan")
    some = talks[:50]
    lab.context.embedder.embed(["Warm up."])

    async def all_of() -> None:
        for talk in some:
            await expert.score(talk, {})

    began = time.perf_counter()
    asyncio.run(all_of())
    took = time.perf_counter() - began
    return Row("wild_scored", "conversations a second", OVERALL, len(some) / took, nan, nan, len(some))


def ordered(score, human):
    """Share of pairs with different ratings that the score puts in the right order, as a statistic; ties count half."""
    s, h = np.array(score, dtype=float), np.array(human, dtype=float)

    def right(index: np.ndarray) -> float:
        a, b = s[index], h[index]
        better = b[:, None] > b[None, :]
        lead = np.sign(a[:, None] - a[None, :])
        return float(((lead[better] + 1) / 2).mean())

    return right


def talk_of(row: dict, number: int):
    """Neighbouring turns of one speaker are joined; profiles are not shown to the experts of quality."""
    joined = [" ".join(t[2] for t in run) for _, run in groupby(row["turns"], key=lambda t: t[0])]
    return candidate((), (), joined or ["."], str(number))


def turns(lab: Lab) -> Iterator[Row]:
    """One response after its context, rated by people; a set and an expert a row.

    ``likeness`` is the cosine similarity of the response to the utterance before it.
    """
    data = lab.jsonl("turn_quality.jsonl")
    if data is None:
        return
    context = lab.context
    reader = reader_of(context.embedder, context.nli, context.toxicity)
    for name in sorted({row["set"] for row in data}):
        of = [row for row in data if row["set"] == name]
        talks = [candidate((), (), [*row["context"], row["response"]], str(row["id"]) + row["response"]) for row in of]
        human = [float(row["human_overall"]) for row in of]
        count = [word_count([row["response"]]) for row in of]
        near = np.array([reader.read(t.utterances).near[-1] for t in talks])
        for expert, score in {**scores(lab, talks), "likeness": near}.items():
            yield lab.row(
                "turn_quality",
                f"Spearman, {name}",
                expert,
                spearman(score, human),
                len(of),
                trivial=("word count", spearman(count, human)),
            )
