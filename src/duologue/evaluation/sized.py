"""Measures that go up or down with how much is read, and the one size at which data sets are compared.

Ten conversations have ten different openings sooner than a thousand do, whoever wrote them. So where several data sets
are measured, each such measure reads parts of one size in all of them: the size is what the smallest data set offers, and a
larger one's figure is the mean of as many parts of that size as its sample gives, which lie apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from duologue.evaluation.protocol import Described
from duologue.evaluation.sample import until
from duologue.evaluation.view import View


class Sized(Described):
    """Base of the measures whose figure depends on how much is read. By default they count conversations."""

    counted: str = "conversations"
    """What is counted, in the plural."""
    least: int = 8
    """Data sets with less give no size to the others."""
    most: float = math.inf
    """Most that is ever read."""
    whole_too: bool = True
    """Whether the figure of all is kept beside that of the common size."""
    one_part: bool = False
    """Whether the first part alone is read, for measures that take long or are fitted to what they read."""

    def __init__(self) -> None:
        self.limit: int | None = None
        """Size of a part; None: all that the sample holds, up to :attr:`most`."""

    def size(self, view: View) -> int:
        """How much one conversation holds."""
        return 1

    def amount(self, views: Sequence[View]) -> int:
        """How much these conversations hold."""
        return sum(map(self.size, views))

    def taken(self, views: Sequence[View], most: float) -> Sequence[View]:
        """The first conversations, as many as it takes to hold ``most``; all where they hold less."""
        return until(views, most, self.size)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """The figure over the first ``most`` of what these conversations hold, or of less where they hold less."""
        raise NotImplementedError

    def parts(self, views: Sequence[View]) -> list[Sequence[View]]:
        """The conversations of each part; of less than one part, all of them."""
        if self.limit is None:
            return [self.taken(views, self.most)]
        found: list[Sequence[View]] = []
        start = 0
        while (len(found) + 1) * self.limit <= self.most and not (found and self.one_part):
            part = self.taken(views[start:], self.limit)
            if self.amount(part) < self.limit:
                break
            found.append(part)
            start += len(part)
        return found or [views]

    def used(self, views: Sequence[View]) -> Sequence[View]:
        """See :class:`duologue.evaluation.protocol.CorpusMetric`."""
        return [view for part in self.parts(views) for view in part]

    def figure(self, views: Sequence[View]) -> float | None:
        """The mean over the parts; None where there is no figure of any."""
        most = self.most if self.limit is None else self.limit
        found = [value for part in self.parts(views) if (value := self.part(part, most)) is not None]
        return math.fsum(found) / len(found) if found else None


def common_sizes(
    metrics: Sequence[Mapping[str, Sized]], samples: Sequence[Mapping[str, Sequence[View]]]
) -> dict[str, int]:
    """The size of a part by measure, given the measures and their samples of each data set, both by the measure's name.

    It is the least that any data set offers which has enough for a size, and no more than the measure ever reads. A
    measure for which fewer than two data sets have enough is absent.
    """
    found: dict[str, int] = {}
    for name, metric in metrics[0].items() if metrics else ():
        offered = [own[name].amount(held[name]) for own, held in zip(metrics, samples, strict=True)]
        enough = [n for n in offered if n >= metric.least]
        if len(enough) > 1:
            found[name] = int(min(metric.most, *enough))
    return found
