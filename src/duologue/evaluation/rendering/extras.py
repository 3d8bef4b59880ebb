"""Parts of the report that are no metrics, as plain tables: topics, judges, a run's account, what people said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from duologue.evaluation.records import (
    DataSetReport,
    Definition,
    JudgeReport,
    PairwiseReport,
    Report,
    ReviewReport,
    ToReference,
)
from duologue.evaluation.rendering.numbers import number

FAILURES = 20
"""Failures that are shown; report.json has all."""
PAPER_DETECTION = {"lose": "17.2 / 18.5 / 8.8 %", "win": "30.1 / 49 / 35.2 %"}
"""SPC against Persona-Chat, iterations 1 to 3 (arXiv 2312.10007, section 5.2)."""
PAPER_KAPPA = ".41 / .48 / .22"
PAPER_PICKED = {"precision": "78.5 / 80.5 / 76.6 %", "recall": "36.4 %"}


@dataclass(frozen=True, slots=True)
class Part:
    """A table of texts under a title; ``notes`` go below it."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def parts(report: Report) -> list[Part]:
    """Those that there are, in order; tables without rows have notes."""
    found = [*_to_reference(report)]
    found += [_topics(report)] if report.topics else []
    if report.judges is not None:
        found += _judges(report.judges)
    for data in report.data_sets:
        found += [*_run(data)]
        found += [_review(data.name, review) for review in data.reviews]
    return found


def _to_reference(report: Report) -> Iterator[Part]:
    """The signed distances of the measures that have people as their measure."""
    if report.reference is None:
        return
    rows = []
    for name, human in report.reference.figures.items():
        metric = report.metrics[name]
        gaps = [f.to_reference if (f := data.figures.get(name)) is not None else None for data in report.data_sets]
        if any(gap is not None for gap in gaps):
            cells = ("-" if gap is None else signed(gap, metric) for gap in gaps)
            rows.append((metric.title, number(human.value, metric), *cells))
    if rows:
        yield Part(
            f"More or less than the reference, {report.reference.name}",
            ("measure", "reference", *(data.name for data in report.data_sets)),
            tuple(rows),
            (
                "A data set's figure less the reference's, with its 95 % interval; too much is as far from people as too little.",
            ),
        )


def signed(gap: ToReference, metric: Definition) -> str:
    """A distance to the reference in the metric's unit, with its sign, its interval, and what it says beyond chance."""
    text = _plus(gap.difference, metric)
    if not gap.interval:
        return text
    said = ", more" if gap.low > 0 else ", less" if gap.high < 0 else ""
    return f"{text} [{_plus(gap.low, metric)}, {_plus(gap.high, metric)}]{said}"


def _plus(value: float, metric: Definition) -> str:
    return ("+" if value > 0 else "") + number(value, metric)


def _topics(report: Report) -> Part:
    names = [data.name for data in report.data_sets if any(data.name in topic.shares for topic in report.topics)]
    return Part(
        "Topics" if len(names) < 2 else "Topics, shared by all data sets",
        ("words", *names),
        tuple(
            (", ".join(topic.words), *(_percent(topic.shares.get(name)) for name in names)) for topic in report.topics
        ),
        ("Shares of what the text sample talks about; found by non-negative matrix factorisation.",),
    )


def _judges(judges: JudgeReport) -> Iterator[Part]:
    calls = f"{judges.calls:,} calls, {judges.prompt_tokens:,} + {judges.completion_tokens:,} tokens"
    notes = [
        f"Judge: {judges.model}; {calls}{f', {judges.cost:,.2f}' if judges.cost else ''}; at most {judges.sample} "
        "conversations of each data set."
    ]
    notes += [f"Not available, {kind}: {why}." for kind, why in judges.unavailable.items()]
    if judges.stopped:
        notes.append(f"Stopped early: {judges.stopped}.")
    if judges.pairwise:
        yield Part(
            "Compared by the judge, both orders",
            ("beside", "question", "n", "same users", "wins", "ties", "losses", "lead", "bias", "flipped"),
            tuple(map(_pairwise, judges.pairwise)),
            (
                *dict.fromkeys(f"{one.question}: {one.asked}" for one in judges.pairwise),
                "Wins are the first data set's, and only where both orders agree. Bias is position bias: the share that "
                "went to whichever was shown first; 50 % is none.",
                *notes,
            ),
        )
    else:
        yield Part("Judges", (), (), tuple(notes))
    if judges.failures:
        more = len(judges.failures) - FAILURES
        yield Part(
            f"Asked in vain: {len(judges.failures):,}",
            ("data set", "row", "judge", "part", "cause"),
            tuple((f.data_set, str(f.row), f.judge, f.part, f.cause) for f in judges.failures[:FAILURES]),
            (f"and {more:,} more in report.json",) if more > 0 else (),
        )


def _pairwise(one: PairwiseReport) -> tuple[str, ...]:
    lead = _span(one.lead, one.low, one.high)
    bias = _span(one.first_shown, one.first_shown_low, one.first_shown_high)
    counts = (str(one.wins), str(one.ties), str(one.losses))
    flipped = "-" if one.flipped is None else _percent(one.flipped)
    return (
        f"{one.first} beside {one.second}",
        one.question,
        f"{one.n}",
        f"{one.same_users}",
        *counts,
        lead,
        bias,
        flipped,
    )


def _run(data: DataSetReport) -> Iterator[Part]:
    if data.stages:
        yield Part(
            f"{data.name}: every item, stage by stage",
            ("stage", "iteration", "items", "accepted", "rejected", "failed", "rate", "rejected by"),
            tuple(
                (
                    stage.stage,
                    str(stage.iteration or ""),
                    *(f"{n:,}" for n in (stage.total, stage.accepted, stage.rejected, stage.failed)),
                    _percent(stage.acceptance),
                    ", ".join(f"{by} {n:,}" for by, n in stage.rejected_by.items()),
                )
                for stage in data.stages
            ),
        )
    if data.iterations:
        yield Part(
            f"{data.name}: round by round",
            (
                "iteration",
                "candidates",
                "pass the Critic",
                "winners",
                "distinct utterances",
                "distinct openings",
                "distinct-2",
                "coverage",
            ),
            tuple(
                (
                    str(one.iteration),
                    f"{one.candidates:,}",
                    _percent(one.acceptance),
                    f"{one.winners:,}",
                    _percent(one.distinct_utterances),
                    _percent(one.distinct_openings),
                    f"{one.distinct_2:.3f}",
                    _percent(one.coverage),
                )
                for one in data.iterations
            ),
            ("Of the winners of each round; distinct-2 on as many words in every round.",),
        )


def _review(name: str, review: ReviewReport) -> Part:
    rows = [*_detection(review), *_picked(review), *_rated(review), *_experts(review)]
    doubtful = f", {review.doubtful} of them doubtful" if review.doubtful else ""
    against = f" against {review.against}" if review.against else ""
    note = f"{review.annotators} annotators{doubtful}, {review.answers:,} answers; study {review.study}{against}."
    return Part(f"{name}: judged by people", ("measure", "value", "n", "the paper"), tuple(rows), (note,))


def _detection(review: ReviewReport) -> Iterator[tuple[str, ...]]:
    found = review.detection
    if found is None:
        return
    titles = {"lose": "named as the synthetic one", "win": "the other is named", "tie": "nobody can tell"}
    for way, title in titles.items():
        yield title, _share(found["by_item"][way]), str(found["items"]), PAPER_DETECTION.get(way, "")
    yield "Fleiss kappa", _agreement(found["agreement"], "kappa"), str(found["items"]), PAPER_KAPPA
    yield "Krippendorff alpha", _agreement(found["agreement"], "alpha"), str(found["items"]), ""


def _picked(review: ReviewReport) -> Iterator[tuple[str, ...]]:
    for side, found in review.faithfulness.items():
        whose = "" if side == "a" else f", {review.against or side}"
        for what in ("precision", "recall"):
            paper = "" if whose else PAPER_PICKED[what]
            yield f"attributes picked, {what}{whose}", _share(found[what]), str(found["items"]), paper
        for what in ("Fleiss kappa", "Krippendorff alpha"):
            value = _agreement(found["agreement"], what.split()[1])
            yield f"agreement on them, {what}{whose}", value, str(found["items"]), ""


def _rated(review: ReviewReport) -> Iterator[tuple[str, ...]]:
    for side, aspects in review.quality.items():
        whose = "" if side == "a" else f", {review.against or side}"
        for aspect, found in aspects.items():
            mean = found["mean"]
            value = _span(mean["value"], mean["low"], mean["high"], form=_number)
            yield f"{aspect}, 1 to 5{whose}", value, str(found["items"]), ""
            alpha = _agreement(found["agreement"], "alpha")
            yield f"agreement on {aspect}, Krippendorff alpha{whose}", alpha, str(found["items"]), ""


def _experts(review: ReviewReport) -> Iterator[tuple[str, ...]]:
    for one in review.experts:
        figure = {"spearman": "Spearman", "cohen_kappa": "Cohen kappa"}.get(one["figure"], one["figure"])
        title = f"expert {one['expert']} beside people, {one['aspect']} ({figure})"
        yield title, _number(one["value"]), str(one["items"]), ""


def _agreement(found: Mapping[str, Any], measure: str) -> str:
    # Reports of before the intervals have none.
    return _span(found[measure], found.get(f"{measure}_low"), found.get(f"{measure}_high"), form=_number)


def _share(share: Mapping[str, Any]) -> str:
    return _span(share["value"], share["low"], share["high"])


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}%"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _span(value: float | None, low: float | None, high: float | None, form: Callable[[float], str] = _percent) -> str:
    if value is None:
        return "-"
    return form(value) if low is None or high is None else f"{form(value)} [{form(low)}, {form(high)}]"
