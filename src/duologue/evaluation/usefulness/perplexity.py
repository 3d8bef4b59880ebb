"""Perplexity of the next utterance under a generator that was trained on the data set."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from duologue.evaluation.bootstrap import Estimate, Sums, interval
from duologue.evaluation.protocol import Described, Group
from duologue.evaluation.usefulness.examples import example
from duologue.evaluation.usefulness.generator import GeneratorOptions, fitted, make_model, nats, train
from duologue.evaluation.usefulness.items import MODES, Item, Mode, items
from duologue.evaluation.view import View

SEEN = {"none": "no profile", "own": "own profile", "partner": "partner's profile", "both": "both profiles"}
TESTS = ("self", "human")
_PAPER: Mapping[str, Mapping[str, float]] = {
    "perplexity_self_none": {"Persona-Chat": 122.5},
    "perplexity_self_own": {"Persona-Chat": 173.3},
}


class _Generated(Described):
    group: Group = "usefulness"
    source = "arXiv 2312.10007, table 2"

    def figure(self, views: Sequence[View]) -> float | None:
        """None: all figures of usefulness are made together."""
        return None


class Perplexity(_Generated):
    """Perplexity per word of the next utterance, exp of its mean negative log-likelihood, the end of the utterance counted
    as a word (of very long utterances, the beginning): of a generator that was trained on utterances of four fifths of the text sample with the two utterances
    before and the profiles that the name tells. "itself" is the fifth that was held out, "human" the reference. Per word, so
    that generators with other tokens compare; the paper's is per token of a transformer, so only what a profile adds does.
    """

    unit = "perplexity"
    range = (1.0, math.inf)

    def __init__(self, test: str, mode: Mode) -> None:
        self.name = f"perplexity_{test}_{mode}"
        self.title = f"perplexity on {'itself' if test == 'self' else 'human'}, {SEEN[mode]}"
        self.paper = dict(_PAPER.get(self.name, {}))


class PerplexityChange(_Generated):
    """How much the perplexity changes when the own profile is seen, as a share of the perplexity without: -0.1 is a tenth
    less, and less is better. The paper's is what follows from its perplexities with and without.
    """

    unit = "ratio"
    range = (-1.0, math.inf)

    def __init__(self, test: str) -> None:
        self.name = f"perplexity_{test}_change"
        self.title = f"perplexity on {'itself' if test == 'self' else 'human'}, change by own"
        none, own = (_PAPER.get(f"perplexity_{test}_{mode}", {}) for mode in ("none", "own"))
        self.paper = stated_change(none, own)


def stated_change(none: Mapping[str, float], own: Mapping[str, float]) -> dict[str, float]:
    """The change by the own profile that follows from the paper's values without it and with it, by data set.

    What stands behind a comma in the names tells without from with.
    """
    without = {what.split(",")[0]: value for what, value in none.items()}
    return {name: value / without[name] - 1.0 for what, value in own.items() if (name := what.split(",")[0]) in without}


def metrics() -> list[_Generated]:
    """All of them, in the order of the report."""
    found: list[_Generated] = []
    for test in TESTS:
        found += [*(Perplexity(test, mode) for mode in MODES), PerplexityChange(test)]
    return found


def perplexities(
    train_on: Sequence[View],
    tests: Mapping[str, Sequence[View]],
    options: GeneratorOptions,
    *,
    seed: int,
    progress: Callable[[str, int], None] = lambda what, n: None,
) -> dict[str, Estimate]:
    """Train one generator per mode and try each on every test; empty for fewer than 20 utterances to train on.

    The same utterances, order and beginning for every mode, so that they differ in what is seen alone.
    """
    learnt = items(train_on, seed=seed, choices=1, most=options.train)
    held = {name: items(views, seed=seed, choices=1, most=options.test) for name, views in tests.items()}
    if len(learnt) < 20:
        return {}
    texts = [f"{one.prompt}{one.target}" for item in learnt for one in [example(item, "both")]]
    fresh = make_model(options, texts, seed)
    found: dict[tuple[str, Mode], list[float]] = {}
    words: dict[str, list[int]] = {}
    for mode in MODES:
        progress(f"training the generator, {SEEN[mode]}", len(learnt))
        model = fresh()
        train(model, [example(item, mode) for item in learnt], options, seed)
        for name, tried in held.items():
            shown = [fitted(model, example(item, mode), options) for item in tried]
            found[name, mode] = nats(model, shown, options)
            words[name] = [one.words for one in shown]
    estimates: dict[str, Estimate] = {}
    for name, tried in held.items():
        if tried:
            estimates |= _estimates(name, tried, words[name], {mode: found[name, mode] for mode in MODES}, seed)
    return estimates


def _estimates(
    test: str, tried: Sequence[Item], words: Sequence[int], by_mode: Mapping[Mode, Sequence[float]], seed: int
) -> dict[str, Estimate]:
    sums = Sums([f"perplexity_{test}_{mode}" for mode in MODES], seed)
    groups: dict[int, list[int]] = {}
    for place, item in enumerate(tried):
        groups.setdefault(id(item.view), []).append(place)
    for places in groups.values():
        total = float(sum(words[i] for i in places))
        sums.add(tried[places[0]].view.cluster, [(sum(by_mode[mode][i] for i in places), total) for mode in MODES])
    made: dict[str, Estimate] = {}
    for name, mean in sums.estimates([(0.0, math.inf)] * len(MODES)).items():
        if mean is None:
            continue
        value = math.exp(mean.value)
        made[name] = Estimate(value, value, value, mean.n, clusters=mean.clusters)
        if mean.replicates is not None:
            drawn = np.exp(mean.replicates)
            low, high = interval(drawn)
            made[name] = replace(made[name], low=low, high=high, replicates=drawn)
    none, own = (made.get(f"perplexity_{test}_{mode}") for mode in ("none", "own"))
    if none is not None and own is not None and none.replicates is not None and own.replicates is not None:
        changes = own.replicates / none.replicates - 1.0
        low, high = interval(changes)
        made[f"perplexity_{test}_change"] = Estimate(own.value / none.value - 1.0, low, high, own.n, replicates=changes)
    return made
