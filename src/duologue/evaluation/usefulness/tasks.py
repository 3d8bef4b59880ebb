"""The figures of usefulness: models trained on a data set's model sample, tried on its held-out part and on a reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from duologue.evaluation.bootstrap import Estimate, Sums, interval
from duologue.evaluation.protocol import Described, Group
from duologue.evaluation.usefulness.extraction import Extractor, Side
from duologue.evaluation.usefulness.generator import GeneratorOptions, missing
from duologue.evaluation.usefulness.items import MODES, Item, Mode, TooLittle, hit, items, split
from duologue.evaluation.usefulness.perplexity import SEEN, perplexities, stated_change
from duologue.evaluation.usefulness.perplexity import metrics as perplexity_metrics
from duologue.evaluation.usefulness.rankers import Ranker, Retrieval, VectorRanker
from duologue.evaluation.view import View

MOST_ITEMS = 800
"""Most items that a model is tried on."""
LEAST = 40
"""Fewest conversations that anything is trained on."""
_PAPER: Mapping[str, Mapping[str, float]] = {
    "ir_self_none": {"Persona-Chat, persona aside": 0.1869, "SPC, persona aside": 0.1937},
    "ir_self_own": {"Persona-Chat, with persona": 0.3686, "SPC, with persona": 0.396},
    "ranker_self_none": {"Persona-Chat": 0.1424, "SPC": 0.6424},
    "ranker_self_own": {"Persona-Chat": 0.1921, "SPC": 0.6882},
    "extraction_own": {"Persona-Chat": 0.505, "SPC": 0.574},
    "extraction_partner": {"Persona-Chat": 0.737, "SPC": 0.68},
}
TABLES = "arXiv 2312.10007, tables 2 and 12"


class _Useful(Described):
    group: Group = "usefulness"
    direction = "higher"
    needs = frozenset(("embedder",))

    def figure(self, views: Sequence[View]) -> float | None:
        """None: all figures of usefulness are made together, by :func:`usefulness`."""
        return None


class Hits(_Useful):
    """Hits@1 of 20: share of utterances that a model trained on four fifths of the model sample (where data sets are
    compared, on as many conversations of each) ranks first among 19 utterances of other conversations, after the two
    utterances before, with the profiles that the name tells. IR is
    tf-idf retrieval, ranker a logistic regression on sentence vectors; "itself" is the fifth that was held out, "human"
    the reference. Small models, so compare data sets with each other, less so with the paper's transformers.
    """

    source = TABLES

    def __init__(self, model: str, test: str, mode: Mode) -> None:
        self.name = f"{model}_{test}_{mode}"
        self.title = f"{'IR' if model == 'ir' else model} on {'itself' if test == 'self' else 'human'}, {SEEN[mode]}"
        self.paper = dict(_PAPER.get(self.name, {}))


class Change(_Useful):
    """How much hits@1 changes when the own profile is seen, as a share of hits@1 without: 0.5 is half as much again. The
    paper's is what follows from its hits@1 with and without.
    """

    source = TABLES
    unit = "ratio"
    range = (-1.0, float("inf"))

    def __init__(self, model: str, test: str) -> None:
        self.name = f"{model}_{test}_change"
        self.title = f"{'IR' if model == 'ir' else model} on {'itself' if test == 'self' else 'human'}, change by own"
        none, own = (_PAPER.get(f"{model}_{test}_{mode}", {}) for mode in ("none", "own"))
        self.paper = stated_change(none, own)


class Extraction(_Useful):
    """F of picking a user's attributes among them and 25 of other users, from the user's own turns or from the partner's,
    by a logistic regression over nearness of vectors and words, trained on four fifths of the model sample and tried on
    the rest.
    """

    source = "arXiv 2312.10007, table 13"

    def __init__(self, side: Side) -> None:
        self.name = f"extraction_{side}"
        self.title = f"profile extraction (F), {'own' if side == 'own' else 'from the partner’s'} turns"
        self.paper = dict(_PAPER.get(self.name, {}))


def metrics() -> list[_Useful]:
    """All of the group, in the order of the report."""
    found: list[_Useful] = []
    for model in ("ir", "ranker"):
        for test in ("self", "human"):
            found += [Hits(model, test, mode) for mode in MODES]
            found.append(Change(model, test))
    return [*found, Extraction("own"), Extraction("partner")]


@dataclass(frozen=True, slots=True)
class Useful:
    """The estimates by metric, and why there are none of some."""

    estimates: Mapping[str, Estimate]
    absent: Mapping[str, str]


def usefulness(
    views: Sequence[View],
    human: Sequence[View],
    *,
    seed: int,
    trained: int | None = None,
    progress: Callable[[str, int], None] = lambda what, n: None,
) -> Useful:
    """Train on ``views``, try on their held-out part and on ``human`` (empty: only on themselves).

    ``trained``: train on at most so many conversations.
    """
    names = [m.name for m in metrics()]
    train, test = _sides(views, seed)
    if len(train) < LEAST or len(test) < LEAST // 4:
        why = f"too few conversations with profiles to train on ({len(train)} and {len(test)} to test on)"
        return Useful({}, dict.fromkeys(names, why))
    train = train[:trained]
    found: dict[str, Estimate] = {}
    tried = {"self": items(test, seed=seed, most=MOST_ITEMS)}
    if human:
        # The part that a model trained on the reference itself would be tried on, for all data sets alike.
        tried["human"] = items(split(human, seed)[1], seed=seed, most=MOST_ITEMS)
    progress("training the rankers", 0)
    makers: dict[str, Callable[[], Ranker]] = {
        "ir": lambda: Retrieval(train),
        "ranker": lambda: VectorRanker(train, MODES, seed=seed),
    }
    absent: dict[str, str] = {}
    for model_name, make in makers.items():
        try:
            model = make()
        except TooLittle as error:
            absent.update({name: str(error) for name in names if name.startswith(f"{model_name}_")})
            continue
        for test_name, held in tried.items():
            progress(f"{model_name} on {test_name}", len(held))
            made = _hits(model, held, f"{model_name}_{test_name}", seed)
            found.update(made)
    for side in ("own", "partner"):
        try:
            extractor = Extractor(train, side, seed=seed)
        except TooLittle as error:
            absent[f"extraction_{side}"] = str(error)
            continue
        sums = Sums([f"extraction_{side}"], seed)
        for view in test:
            sums.add(view.cluster, [extractor.measure(view)])
        found.update({k: e for k, e in sums.estimates([(0.0, 1.0)]).items() if e is not None})
    return Useful(found, _absent(names, found, human) | absent)


def _sides(views: Sequence[View], seed: int) -> tuple[list[View], list[View]]:
    return split([v for v in views if v.attributes and len(v) > 1], seed)


def common_training(samples: Sequence[Sequence[View]], seed: int) -> int | None:
    """How many conversations all data sets can train on, of those that have enough; None where fewer than two have."""
    sizes = [len(train) for views in samples for train, _ in [_sides(views, seed)] if len(train) >= LEAST]
    return min(sizes) if len(sizes) > 1 else None


def _absent(names: Sequence[str], found: Mapping[str, Estimate], human: Sequence[View]) -> dict[str, str]:
    return {
        name: "no reference was given" if "_human_" in name and not human else "too little data"
        for name in names
        if name not in found
    }


def generated(
    views: Sequence[View],
    human: Sequence[View],
    options: GeneratorOptions,
    *,
    seed: int,
    trained: int | None = None,
    progress: Callable[[str, int], None] = lambda what, n: None,
) -> Useful:
    """Train a generator on ``views``, the text sample, and try it on their held-out part and on ``human``.

    ``trained``: draw what it is trained on from at most so many conversations.
    """
    names = [m.name for m in perplexity_metrics()]
    if why := missing(options):
        return Useful({}, dict.fromkeys(names, why))
    train, test = split([v for v in views if len(v) > 1], seed)
    if len(train) < LEAST or len(test) < LEAST // 4:
        why = f"too few conversations to train on ({len(train)} and {len(test)} to test on)"
        return Useful({}, dict.fromkeys(names, why))
    tests = {"self": test, **({"human": split(human, seed)[1]} if human else {})}
    found = perplexities(train[:trained], tests, options, seed=seed, progress=progress)
    return Useful(found, _absent(names, found, human))


def _hits(model: Ranker, held: Sequence[Item], name: str, seed: int) -> dict[str, Estimate]:
    sums = Sums([f"{name}_{mode}" for mode in MODES], seed)
    by_view: dict[int, list[Item]] = {}
    for item in held:
        by_view.setdefault(id(item.view), []).append(item)
    for group in by_view.values():
        ratios = [(sum(hit(model.scores(item, mode).tolist()) for item in group), float(len(group))) for mode in MODES]
        sums.add(group[0].view.cluster, ratios)
    found = {k: e for k, e in sums.estimates([(0.0, 1.0)] * len(MODES)).items() if e is not None}
    none, own = found.get(f"{name}_none"), found.get(f"{name}_own")
    if (
        none is not None
        and own is not None
        and none.value
        and none.replicates is not None
        and own.replicates is not None
        and (none.replicates > 0).all()
    ):
        changes = own.replicates / none.replicates - 1.0
        low, high = interval(changes)
        found[f"{name}_change"] = Estimate(own.value / none.value - 1.0, low, high, own.n, replicates=changes)
    return found
