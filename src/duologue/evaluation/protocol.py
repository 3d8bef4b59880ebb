"""What every metric is: a definition that goes into the report, and a way to measure.

Four shapes. A *conversation metric* gives each conversation a numerator and a denominator; its figure is the ratio of the
sums, over every conversation of the data set in one pass. A *corpus metric* needs many conversations at once (distinct
words, topics, distances) and is computed on a seeded sample. A *stream metric* sees every conversation and answers afterwards
(near-duplicates). A *count metric* sees every conversation too and answers with one number. Third parties add theirs through the entry point group
``duologue.metrics``; an entry is a callable without arguments that returns a metric of any shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, runtime_checkable

from duologue.evaluation.view import View

Group = Literal[
    "expansion", "faithfulness", "quality", "cleanliness", "diversity", "likeness", "usefulness", "toxicity"
]
GROUPS: tuple[Group, ...] = (
    "expansion",
    "faithfulness",
    "quality",
    "cleanliness",
    "diversity",
    "likeness",
    "usefulness",
    "toxicity",
)
Direction = Literal["higher", "lower", "human", "none"]
"""Which way is better; ``human``: the nearer to what people write the better; ``none``: it only describes."""
Unit = Literal[
    "share",
    "count",
    "words",
    "utterances",
    "score",
    "cosine",
    "bits",
    "nats",
    "ratio",
    "perplexity",
    "per 100 utterances",
]
Need = Literal["embedder", "nli", "toxicity", "judge"]
"""A small model, or a language model as judge."""
Ratio = tuple[float, float]
"""Numerator and denominator of one conversation."""


class Metric(Protocol):
    """What all shapes have. The first paragraph of the class's docstring is the definition that the report shows."""

    @property
    def name(self) -> str:
        """Unique, in snake case."""
        ...

    @property
    def group(self) -> Group:
        """The part of the report it stands in."""
        ...

    @property
    def title(self) -> str:
        """A few words for tables."""
        ...

    @property
    def unit(self) -> Unit:
        """The value's unit."""
        ...

    @property
    def range(self) -> tuple[float, float]:
        """Least and greatest possible value; infinity where there is none."""
        ...

    @property
    def direction(self) -> Direction:
        """Which way is better."""
        ...

    @property
    def source(self) -> str:
        """Where the measure comes from: a section of the paper, a citation, or ``duologue``."""
        ...

    @property
    def paper(self) -> Mapping[str, float]:
        """Values that the paper states for the same measure, by what they are of; empty where it has none."""
        ...

    @property
    def needs(self) -> frozenset[Need]:
        """The small models that it asks. A metric that needs one is measured on the model sample."""
        ...


@runtime_checkable
class ConversationMetric(Metric, Protocol):
    """Measures each conversation by itself.

    One that needs a small model may be asked about several conversations at once, from different threads. One with an
    attribute ``remembers`` that is false may be sent to other processes, each of which sees a part of a large data set; all
    others see the whole, in order, in one process. Without ``needs`` it is shown no reference.
    """

    def measure(self, view: View) -> Ratio | None:
        """Return numerator and denominator, or None when the metric does not apply to this conversation."""
        ...


@runtime_checkable
class StreamMetric(Metric, Protocol):
    """Measures each conversation of the whole data set, but can say so only after it has seen all."""

    def add(self, view: View) -> None:
        """See one conversation."""
        ...

    def found(self) -> Sequence[float]:
        """A numerator for each conversation seen, in order; the denominators are 1."""
        ...


@runtime_checkable
class CountMetric(Metric, Protocol):
    """Counts over the whole data set what a conversation may share with others. There is no interval: conversations drawn
    again add nothing, so resamples hold less than the data set.
    """

    def add(self, view: View) -> None:
        """See one conversation."""
        ...

    def total(self) -> Ratio | None:
        """The number, and what it was counted among; None where it does not apply."""
        ...


@runtime_checkable
class CorpusMetric(Metric, Protocol):
    """Measures many conversations at once.

    One with a method ``used(views)`` reads only those conversations of the sample that it returns: the interval is made of
    halves of these, and n is their number. One with a method ``prepare(views)`` is given them all once before :meth:`figure`
    is asked. One whose figure goes up or down with how much is read is a :class:`duologue.evaluation.sized.Sized`.
    """

    @property
    def resampled(self) -> bool:
        """Whether :meth:`figure` means something on halves of the sample, whose spread gives the interval."""
        ...

    def figure(self, views: Sequence[View]) -> float | None:
        """Return the value over these conversations, or None when they are too few or it does not apply."""
        ...


class Described:
    """Base of the built-in metrics: what most of them have in common."""

    name: str
    group: Group
    title: str
    unit: Unit = "share"
    range: tuple[float, float] = (0.0, 1.0)
    direction: Direction = "lower"
    source = "duologue"
    paper: Mapping[str, float] = {}
    needs: frozenset[Need] = frozenset()
    resampled = True

    @property
    def remembers(self) -> bool:
        """Whether what it says of a conversation may depend on earlier ones: by default, whether it holds anything."""
        return bool(vars(self))


def definition(metric: Metric) -> str:
    """The definition that goes into the report: the docstring's first paragraph on one line."""
    text = (type(metric).__doc__ or "").strip().split("\n\n")[0]
    return " ".join(text.split())
