"""One data set, measured: one pass for what needs each conversation, then the samples for what needs many or a model.

Between the two stands what needs a look at all data sets of a report: the sizes at which they are compared, and topics.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Literal

import numpy as np

from duologue.datasets.source import DataSet
from duologue.evaluation.ahead import asked
from duologue.evaluation.bootstrap import REPLICATES, Estimate, Sums, at_edge
from duologue.evaluation.metrics.spread import TopicSpread
from duologue.evaluation.protocol import ConversationMetric, CorpusMetric, CountMetric, Ratio, StreamMetric
from duologue.evaluation.registry import AnyMetric
from duologue.evaluation.sample import HALVES, Sample, estimate
from duologue.evaluation.sized import Sized, common_sizes
from duologue.evaluation.topics import Topics, shared_topics
from duologue.evaluation.usefulness.generator import GeneratorOptions
from duologue.evaluation.usefulness.tasks import Useful, common_training, generated, usefulness
from duologue.evaluation.view import Roles, View
from duologue.evaluation.workers import measured

SHOWN_ROWS = 5
"""Rows with a fault that are named."""
GENERATOR = GeneratorOptions()
SampleName = Literal["all", "text", "model", "judge"]
Progress = Callable[[str, int], None]
"""Is told what is being done, and of how many conversations it is done."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Most conversations of each sample."""

    text: int = 2000
    """For measures that need many texts at once."""
    model: int = 150
    """For measures that ask a small model."""
    halves: int = HALVES
    """Half samples that the interval of a corpus metric is made of."""


@dataclass
class Measured:
    """The estimates of one data set, and what is needed to compare it."""

    data: DataSet
    conversations: int = 0
    estimates: dict[str, Estimate] = field(default_factory=dict)
    samples: dict[str, SampleName] = field(default_factory=dict)
    """By metric: what it was measured on."""
    rows: dict[str, list[int]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    leaks: dict[str, float] = field(default_factory=dict)
    """By data set: the share of this one that is nearly in it."""
    clusters: set[bytes] = field(default_factory=set)
    """The pairs of users of the text sample."""
    stream: bytearray = field(default_factory=bytearray)
    """The cluster of every conversation, 8 bytes each, in order."""
    rows_read: array[int] = field(default_factory=lambda: array("q"))
    """Its row."""
    views: list[View] = field(default_factory=list)
    """The larger sample; the other is its beginning."""
    sizes: Sizes = field(default_factory=Sizes)
    metrics: Sequence[AnyMetric] = ()
    whole: dict[str, float] = field(default_factory=dict)
    """By measure that is compared at one size: its figure of all, where the data set has more than that."""
    judged: dict[str, int] = field(default_factory=dict)
    """Size of the judges' sample, under ``judge``; empty when no judge was asked."""

    @cached_property
    def mixed(self) -> bytes:
        """All clusters in 8 bytes, whatever their order. Asked for when all was read."""
        clusters = np.frombuffer(bytes(self.stream), dtype=">u8").astype(np.uint64)
        return int(clusters.sum(dtype=np.uint64)).to_bytes(8, "big")

    @property
    def model_views(self) -> list[View]:
        """The model sample."""
        return self.views[: self.sizes.model]

    @property
    def text_views(self) -> list[View]:
        """The text sample."""
        return self.views[: self.sizes.text]

    def sample_of(self, metric: CorpusMetric) -> list[View]:
        """The sample that a metric is measured on."""
        return self.model_views if metric.needs else self.text_views

    @property
    def sized(self) -> dict[str, Sized]:
        """The metrics whose figure depends on how much is read, by name."""
        return {m.name: m for m in self.metrics if isinstance(m, Sized)}


@dataclass(frozen=True, slots=True)
class Common:
    """At what several data sets are compared."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    """By metric, how much is read at a time; see :mod:`duologue.evaluation.sized`."""
    rankers: int | None = None
    """Most conversations of the model sample that rankers are trained on; None: all."""
    generator: int | None = None
    """Most conversations of the text sample that the generator is trained on; None: all."""


def too_small(name: str, one: Measured, common: Common) -> bool:
    """Whether a measure's figure goes up or down with how much is read, and this data set has less than the common size, or
    there is none.
    """
    metric = one.sized.get(name)
    if metric is None:
        return False
    size = common.sizes.get(name)
    return size is None or metric.amount(one.sample_of(metric)) < size


ALONE = Common()
"""Of a data set by itself."""


def common(found: Sequence[Measured], seed: int) -> Common:
    """At what these data sets, which were read, can be compared."""
    if len(found) < 2:
        return ALONE
    sized = [one.sized for one in found]
    samples = [
        {name: one.sample_of(metric) for name, metric in own.items()} for one, own in zip(found, sized, strict=True)
    ]
    return Common(
        common_sizes(sized, samples),
        common_training([one.model_views for one in found], seed),
        common_training([one.text_views for one in found], seed),
    )


def share_topics(found: Sequence[Measured], roles: Roles) -> Topics | None:
    """Find topics in these data sets, which were read, and in the reference; they are given to the metrics that need them.

    None where no metric does, or there are too few conversations.
    """
    spreads = [m for one in found for m in one.metrics if isinstance(m, TopicSpread)]
    if not spreads:
        return None
    samples = [one.text_views for one in found]
    topics = shared_topics([*samples, roles.reference.views] if roles.reference is not None else samples)
    for metric in spreads:
        metric.topics = topics
    return topics


def read(
    data: DataSet,
    metrics: Sequence[AnyMetric],
    roles: Roles,
    *,
    seed: int,
    sizes: Sizes,
    processes: int = 1,
    progress: Progress = lambda what, n: None,
) -> Measured:
    """Go through a data set once: draw the samples, and measure what is measured of every conversation.

    ``processes``: see :func:`duologue.evaluation.workers.measured`.

    Of each conversation some 500 bytes are kept (signature, cluster, row, key of the sample), of the samples the text.

    Raises UsageError when the source, or not one row of it, can be read.
    """
    found = Measured(data, sizes=sizes, metrics=metrics)
    reading = [m for m in metrics if isinstance(m, ConversationMetric) and not m.needs]
    streams = [m for m in metrics if isinstance(m, StreamMetric)]
    counts = [m for m in metrics if isinstance(m, CountMetric)]
    sample: Sample[View] = Sample(max(sizes.text, sizes.model), seed)
    found.views = _read(data, reading, streams, counts, roles, found, sample, seed, processes, progress)
    found.clusters = {view.cluster for view in found.views}
    return found


def look(
    found: Measured,
    roles: Roles,
    *,
    seed: int,
    common: Common = ALONE,
    generator: GeneratorOptions = GENERATOR,
    progress: Progress = lambda what, n: None,
) -> None:
    """Measure what is measured of the samples of a data set that was read.

    ``common``: what it is compared at, from :func:`common`.
    """
    metrics, views = found.metrics, found.model_views
    asking = [m for m in metrics if isinstance(m, ConversationMetric) and m.needs]
    # Toxicity models read an utterance in well under a millisecond, so they are given more.
    parts: tuple[tuple[list[ConversationMetric], list[View], SampleName], ...] = (
        ([m for m in asking if m.needs == {"toxicity"}], found.text_views, "text"),
        ([m for m in asking if m.needs != {"toxicity"}], views, "model"),
    )
    for chosen, held, name in parts:
        sums = Sums([m.name for m in chosen], seed)
        for number, (view, ratios) in enumerate(asked(chosen, held), 1):
            _add(sums, chosen, view, ratios, found)
            progress("asking the small models", number)
        _take(found, sums, chosen, name)
    for metric in metrics:
        if isinstance(metric, CorpusMetric) and "judge" not in metric.needs:
            progress(metric.title, 0)
            if isinstance(metric, Sized):
                metric.limit = common.sizes.get(metric.name)
            _look_at(found, metric, seed)
    if any(m.group == "usefulness" for m in metrics):
        human = roles.reference.views if roles.reference is not None else ()
        _add_useful(found, usefulness(views, human, seed=seed, trained=common.rankers, progress=progress), "model")
        made = generated(found.text_views, human, generator, seed=seed, trained=common.generator, progress=progress)
        _add_useful(found, made, "text")


def _look_at(found: Measured, metric: CorpusMetric, seed: int) -> None:
    """Measure one corpus metric."""
    sample = found.sample_of(metric)
    used = getattr(metric, "used", None)
    held = used(sample) if used is not None else sample
    if (prepare := getattr(metric, "prepare", None)) is not None:
        prepare(held)
    made = estimate(
        metric.figure,
        held,
        cluster=lambda view: view.cluster,
        seed=seed,
        salt=metric.name,
        resampled=metric.resampled,
        halves=found.sizes.halves,
        replicates=REPLICATES,
    )
    if made is None:
        found.absent[metric.name] = "too little data, or it does not apply"
        return
    if metric.range == (0.0, 1.0) and made.value in metric.range and made.replicates is not None:
        # All halves agree, which is not to say that all data would.
        salt = f"{seed}/{found.mixed.hex()}/{metric.name}"
        least, most, replicates = at_edge(made.value, 1.0, made.clusters or made.n, salt)
        made = replace(made, low=least, high=most, replicates=replicates)
    low, high = metric.range
    # Replicates are normal around the value, and may go beyond what the measure can be.
    found.estimates[metric.name] = replace(made, low=max(low, made.low), high=min(high, made.high))
    found.samples[metric.name] = "model" if metric.needs else "text"
    if isinstance(metric, Sized) and metric.limit is not None and metric.whole_too:
        limit, metric.limit = metric.limit, None
        if min(metric.amount(sample), metric.most) > limit:
            whole = metric.figure(sample)
            if whole is not None:
                found.whole[metric.name] = whole
        metric.limit = limit


def _add_useful(found: Measured, useful: Useful, sample: SampleName) -> None:
    found.absent.update(useful.absent)
    for key, made in useful.estimates.items():
        found.absent.pop(key, None)
        found.estimates[key] = made
        found.samples[key] = sample


def read_sample(data: DataSet, roles: Roles, *, seed: int, sizes: Sizes) -> list[View]:
    """The text sample that :func:`read` draws, without measuring. Raises UsageError as :func:`read` does."""
    sample: Sample[View] = Sample(max(sizes.text, sizes.model), seed)
    for dialogue in data:
        view = View(dialogue, roles)
        sample.offer(sample.numbered(_key(view)), view)
    return sample.items()


def _key(view: View) -> bytes:
    return view.cluster + view.fingerprint.to_bytes(8, "big")


def _read(
    data: DataSet,
    metrics: Sequence[ConversationMetric],
    streams: Sequence[StreamMetric],
    counts: Sequence[CountMetric],
    roles: Roles,
    found: Measured,
    sample: Sample[View],
    seed: int,
    processes: int,
    progress: Progress,
) -> list[View]:
    """The one pass over all conversations."""
    sums = Sums([m.name for m in metrics], seed)
    for view, ratios in measured(metrics, data, roles, processes):
        dialogue = view.dialogue
        _add(sums, metrics, view, ratios, found)
        for stream in streams:
            stream.add(view)
        for metric in counts:
            metric.add(view)
        found.stream += view.cluster
        found.rows_read.append(dialogue.provenance.row)
        found.conversations += 1
        key = sample.numbered(_key(view))
        if sample.wants(key) is not None:
            # A fresh view: what was computed for one pass need not stay in memory.
            sample.offer(key, View(dialogue, roles))
        if found.conversations % 500 == 0:
            progress("reading", found.conversations)
    problem = [getattr(m, "problem", None) for m in metrics]
    if any(problem):
        for number in range(data.problems.total):
            # Those of another data set are others, and must not share their draws.
            unreadable = hashlib.blake2b(b"unreadable%d" % number + found.mixed, digest_size=8).digest()
            sums.add(unreadable, [p() if p else None for p in problem])
    _take(found, sums, metrics, "all")
    for stream in streams:
        tally(found, stream.name, stream.found(), seed)
    for metric in counts:
        total = metric.total()
        if total is None:
            found.absent[metric.name] = "too little data, or it does not apply"
            continue
        found.estimates[metric.name] = Estimate(total[0], total[0], total[0], found.conversations, *total)
        found.samples[metric.name] = "all"
    return sample.items()


def tally(found: Measured, name: str, numerators: Sequence[float], seed: int) -> None:
    """Add the estimate of a share of all conversations, one numerator each, in order."""
    sums = Sums([name], seed)
    for place, value in enumerate(numerators):
        sums.add(bytes(found.stream[8 * place : 8 * place + 8]), [(value, 1.0)])
    made = sums.estimates([(0.0, 1.0)])[name]
    if made is not None:
        found.estimates[name] = made
        found.samples[name] = "all"
        found.absent.pop(name, None)
        where = (place for place, value in enumerate(numerators) if value)
        found.rows[name] = [found.rows_read[place] for place in islice(where, SHOWN_ROWS)]


def _add(
    sums: Sums, metrics: Sequence[ConversationMetric], view: View, ratios: Sequence[Ratio | None], found: Measured
) -> None:
    for metric, ratio in zip(metrics, ratios, strict=True):
        if ratio and ratio[0] and metric.direction == "lower":
            rows = found.rows.setdefault(metric.name, [])
            # Samples come in no order.
            insort(rows, view.dialogue.provenance.row)
            del rows[SHOWN_ROWS:]
    sums.add(view.cluster, ratios)


def _take(found: Measured, sums: Sums, metrics: Iterable[ConversationMetric], sample: SampleName) -> None:
    held = list(metrics)
    for name, made in sums.estimates([m.range for m in held]).items():
        if made is None:
            found.absent[name] = "too little data, or it does not apply"
        else:
            found.estimates[name] = made
            found.samples[name] = sample
