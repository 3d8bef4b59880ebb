"""The results of a study, worked out anew from its answers. Gold questions are not counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from duologue.intervals import wilson
from duologue.review.study.agreement import (
    Floats,
    Interval,
    Level,
    alpha_interval,
    bootstrap,
    cohen_kappa,
    kappa_interval,
    krippendorff_alpha,
    ratings_kappa,
    spearman,
)
from duologue.review.study.records import ASPECTS, Study
from duologue.review.study.reliability import Reliability, reliability, units_of

_Ratings = dict[str, dict[str, Any]]
_Pairs = dict[tuple[str, str], list[tuple[float, float]]]
"""By expert and what was judged: (the expert's value, people's) of each conversation."""
DISTRACTORS = ("negated", "contradicting", "random")


@dataclass(frozen=True, slots=True)
class Share:
    """A share in [0, 1], or a mean, with its 95 % bootstrap interval over items; NaN of nothing.

    Where all items have the same share there is nothing to resample, and the interval is Wilson's with the number of items.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far annotators agree, beyond chance; NaN where it can't be told.

    ``..._low`` and ``..._high`` are the ends of 95 % bootstrap intervals over items, a task with all its sentences being one. With
    full agreement there is nothing to resample, and the interval is Wilson's of as many items.
    """

    kappa: float
    """Fleiss' kappa."""
    kappa_low: float
    kappa_high: float
    kappa_items: int
    alpha: float
    """Krippendorff's alpha."""
    alpha_low: float
    alpha_high: float


@dataclass(frozen=True, slots=True)
class Detection:
    """The AI-detection test, from the side of the judged data set (paper, section 5.2).

    It loses where people name its conversation as the synthetic one, wins where they name the other, and ties where
    they can't tell. By item, the majority decides; without one it is a tie.
    """

    items: int
    answers: int
    by_item: Mapping[str, Share]
    by_answer: Mapping[str, Share]
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Attributes picked by people, of one data set."""

    items: int
    answers: int
    precision: Share
    """Share of picked sentences that are the speaker's."""
    recall: Share
    """Share of the speaker's sentences that were picked."""
    picked: Mapping[str, float]
    """By kind of distractor: the share that was picked all the same."""
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Quality:
    """One aspect of one data set, on a scale from 1 to 5."""

    items: int
    answers: int
    mean: Share
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class ExpertAgreement:
    """One expert of the Critic beside people."""

    expert: str
    aspect: str
    """What people judged: an aspect, ``all aspects``, ``attributes recognised`` or, one by one, ``attributes voiced``."""
    items: int
    figure: str
    """What ``value`` is: Spearman's rank correlation with people's mean, or Cohen's kappa with their majority."""
    value: float
    same: float
    """Share of cases in which both say the same; NaN for correlations."""


@dataclass(frozen=True, slots=True)
class Results:
    """All results of one study."""

    detection: Detection | None
    faithfulness: Mapping[str, Faithfulness]
    """By set, a or b."""
    quality: Mapping[str, Mapping[str, Quality]]
    """By set and aspect."""
    experts: tuple[ExpertAgreement, ...]
    annotators: tuple[Reliability, ...]
    left_out: tuple[str, ...]
    """Annotators whose answers are not counted."""


def results(study: Study, *, trusted_only: bool = False) -> Results:
    """Work the results out. ``trusted_only`` leaves out annotators whom gold questions or speed speak against."""
    people = reliability(study)
    left_out = tuple(p.name for p in people if trusted_only and p.doubtful)
    answers: dict[str, dict[str, Any]] = {}
    for a in study.answers:
        if a.annotator not in left_out and not study.tasks[a.task].gold:
            answers.setdefault(a.task, {})[a.annotator] = a.value
    of = {
        kind: {t: by for t, by in answers.items() if study.tasks[t].kind == kind}
        for kind in ("detection", "faithfulness", "quality")
    }
    sets = ("a", "b") if study.plan.against else ("a",)
    faithful = {s: _faithfulness(study, _of_set(study, of["faithfulness"], s)) for s in sets}
    rated = {s: {aspect: _quality(_of_set(study, of["quality"], s), aspect) for aspect in ASPECTS} for s in sets}
    return Results(
        _detection(study, of["detection"]) if of["detection"] else None,
        {s: f for s, f in faithful.items() if f.items},
        {s: by for s, by in rated.items() if any(q.items for q in by.values())},
        (
            *_quality_experts(study, of["quality"]),
            *_evidence(study, of["faithfulness"]),
            *_filters(study, of["faithfulness"]),
        ),
        people,
        left_out,
    )


def as_json(found: Results) -> dict[str, Any]:
    """Plain values; what can't be told is None."""
    plain: dict[str, Any] = _finite(asdict(found))
    for entry, person in zip(plain["annotators"], found.annotators, strict=True):
        entry["doubtful"] = person.doubtful
    return plain


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value


def _of_set(study: Study, answers: _Ratings, name: str) -> _Ratings:
    return {t: by for t, by in answers.items() if study.tasks[t].hidden["set"] == name}


def _share(rows: Sequence[Sequence[float]]) -> Share:
    """The sum of the first column over that of the second, which it does not exceed."""
    found = _mean(rows)
    if found.low == found.high:
        low, high = wilson(found.value, sum(row[1] > 0 for row in rows))
        return Share(found.value, low, high)
    return found


def _mean(rows: Sequence[Sequence[float]]) -> Share:
    """The sum of the first column over that of the second."""

    def figure(totals: Floats) -> Floats:
        made: Floats = totals[:, 0] / totals[:, 1]
        return made

    total = np.asarray(rows, dtype=np.float64).sum(axis=0) if rows else np.zeros(2)
    low, high = _interval(rows, figure)
    return Share(float(total[0] / total[1]) if total[1] else math.nan, low, high)


def _interval(rows: Sequence[Sequence[float]], figure: Callable[[Floats], Floats]) -> Interval:
    return bootstrap(rows, figure)


def _agreement(
    ratings: _Ratings, categories: Sequence[Any], *, level: Level = "nominal", whole: Mapping[str, str] | None = None
) -> Agreement:
    """``whole``: the task of each key of ``ratings``, where a task has several."""
    kappa, items = ratings_kappa(ratings, categories)
    alpha = krippendorff_alpha(ratings, level, categories)
    kappa_low, kappa_high = kappa_interval(ratings, categories, whole)
    alpha_low, alpha_high = alpha_interval(ratings, level, categories, whole)
    return Agreement(
        kappa=kappa,
        kappa_low=kappa_low,
        kappa_high=kappa_high,
        kappa_items=items,
        alpha=alpha,
        alpha_low=alpha_low,
        alpha_high=alpha_high,
    )


def _detection(study: Study, answers: _Ratings) -> Detection:
    outcomes: list[Counter[str]] = []
    for task, by in answers.items():
        synthetic = study.tasks[task].hidden["synthetic"]
        outcomes.append(Counter("tie" if v == "unsure" else "lose" if v == synthetic else "win" for v in by.values()))
    ways = ("lose", "win", "tie")
    votes = {way: _share([(c[way], c.total()) for c in outcomes]) for way in ways}
    majority = [next((way for way in ("lose", "win") if 2 * c[way] > c.total()), "tie") for c in outcomes]
    items = {way: _share([(float(m == way), 1.0) for m in majority]) for way in ways}
    agreement = _agreement(answers, ("first", "second", "unsure"))
    return Detection(len(answers), sum(len(by) for by in answers.values()), items, votes, agreement)


def _faithfulness(study: Study, answers: _Ratings) -> Faithfulness:
    precision, recall = [], []
    picked: Counter[str] = Counter()
    offered: Counter[str] = Counter()
    units: _Ratings = {}
    whole: dict[str, str] = {}
    for task, by in answers.items():
        kinds = study.tasks[task].hidden["options"]
        right = sum(kinds[i] == "true" for v in by.values() for i in v)
        precision.append((right, sum(len(v) for v in by.values())))
        recall.append((right, kinds.count("true") * len(by)))
        for who, value in by.items():
            for i, kind in enumerate(kinds):
                offered[kind] += 1
                picked[kind] += i in value
            for unit, label in units_of(study.tasks[task], value).items():
                units.setdefault(f"{task}/{unit}", {})[who] = label
                whole[f"{task}/{unit}"] = task
    return Faithfulness(
        len(answers),
        sum(len(by) for by in answers.values()),
        _share(precision),
        _share(recall),
        {kind: picked[kind] / offered[kind] for kind in DISTRACTORS if offered[kind]},
        _agreement(units, (False, True), whole=whole),
    )


def _quality(answers: _Ratings, aspect: str) -> Quality:
    ratings: _Ratings = {task: {who: v[aspect] for who, v in by.items()} for task, by in answers.items()}
    rows = [(sum(by.values()), len(by)) for by in ratings.values()]
    agreement = _agreement(ratings, (1, 2, 3, 4, 5), level="ordinal")
    return Quality(len(rows), sum(n for _, n in rows), _mean(rows), agreement)


def _quality_experts(study: Study, answers: _Ratings) -> list[ExpertAgreement]:
    """The scores of the quality experts beside the mean ratings; that of ``overall`` beside the mean of all aspects."""
    pairs: _Pairs = {}
    for task, by in answers.items():
        for expert, value in study.tasks[task].hidden.get("experts", {}).items():
            aspect = expert.removesuffix("-llm")
            aspects = ASPECTS if aspect == "overall" else (aspect,)
            if set(aspects) <= set(ASPECTS):
                mean = sum(v[a] for v in by.values() for a in aspects) / (len(by) * len(aspects))
                judged = "all aspects" if aspect == "overall" else aspect
                pairs.setdefault((expert, judged), []).append((value, mean))
    return _correlations(pairs)


def _filters(study: Study, answers: _Ratings) -> list[ExpertAgreement]:
    """The scores of the faithfulness filters beside the share of a speaker's attributes that people recognised."""
    pairs: _Pairs = {}
    for task, by in answers.items():
        kinds = study.tasks[task].hidden["options"]
        for expert, value in study.tasks[task].hidden.get("experts", {}).items():
            if expert.startswith("faithfulness"):
                right = sum(kinds[i] == "true" for v in by.values() for i in v)
                share = right / (kinds.count("true") * len(by))
                pairs.setdefault((expert, "attributes recognised"), []).append((value, share))
    return _correlations(pairs)


def _correlations(pairs: _Pairs) -> list[ExpertAgreement]:
    return [
        ExpertAgreement(
            expert, judged, len(found), "spearman", spearman([a for a, _ in found], [b for _, b in found]), math.nan
        )
        for (expert, judged), found in sorted(pairs.items())
    ]


def _evidence(study: Study, answers: _Ratings) -> list[ExpertAgreement]:
    """The faithfulness expert's evidence beside the majority's picks, over the speakers' own attributes."""
    cases: list[tuple[bool, bool]] = []
    for task, by in answers.items():
        for i, carried in enumerate(study.tasks[task].hidden.get("carried", ())):
            votes = sum(i in v for v in by.values())
            if carried is not None and 2 * votes != len(by):
                cases.append((bool(carried), 2 * votes > len(by)))
    if not cases:
        return []
    same = sum(a == b for a, b in cases) / len(cases)
    return [ExpertAgreement("faithfulness", "attributes voiced", len(cases), "cohen_kappa", cohen_kappa(cases), same)]
