"""How far a data set spreads: in effect how many different utterances, and how many topics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from duologue.evaluation.protocol import Group
from duologue.evaluation.sized import Sized
from duologue.evaluation.topics import TOPICS, Shares, Topics, text_of
from duologue.evaluation.view import View
from duologue.models.protocol import Floats

VENDI_UTTERANCES = 1000


class _Spread(Sized):
    group: Group = "diversity"
    direction = "higher"


class Vendi(_Spread):
    """Vendi score of the sentence vectors of up to 1,000 utterances of the sample: the exponential of the entropy of their
    similarity matrix's eigenvalues, the number of utterances that are in effect different.
    """

    name = "vendi"
    title = "Vendi score"
    unit = "count"
    range = (1.0, float(VENDI_UTTERANCES))
    source = "Friedman and Dieng (2023), The Vendi Score"
    needs = frozenset(("embedder",))
    counted = "utterances"
    least = 200
    most = VENDI_UTTERANCES

    def size(self, view: View) -> int:
        """Its utterances."""
        return len(view)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None for fewer than 100 utterances."""
        if sum(map(len, views)) < 100:
            return None
        vectors: list[Floats] = []
        for view in views:
            vectors.extend(view.vectors)
            if len(vectors) >= most:
                break
        return vendi(np.stack(vectors[: int(most)]))


def vendi(vectors: Floats) -> float:
    """The Vendi score of unit vectors under cosine similarity, in [1, rows]."""
    # The nonzero eigenvalues of the similarity matrix (rows x rows) are those of the smaller second-moment matrix.
    moment = vectors.T.astype(np.float64) @ vectors.astype(np.float64) / len(vectors)
    values = np.linalg.eigvalsh(moment)
    values = values[values > 1e-12]
    return float(np.exp(-np.sum(values * np.log(values))))


class TopicSpread(_Spread):
    """Number of topics that are in effect in use, of 20 that are found in the conversations of all data sets of the report
    and of the reference together, as many of each: the exponential of the entropy of the topics' shares. It compares
    within one report only; a data set alone is parted into topics of its own, and uses nearly all.
    """

    name = "topic_spread"
    title = "topics in use, of 20"
    unit = "count"
    range = (1.0, float(TOPICS))
    source = "topics by NMF (Lee and Seung, 1999), scikit-learn; arXiv 2312.10007 looks at topics by hand"

    def __init__(self) -> None:
        super().__init__()
        self.topics: Topics | None = None
        """Those that all data sets share; without them there is no figure."""
        self._shares: dict[int, Shares] = {}

    def shares(self, views: Sequence[View]) -> Shares | None:
        """The topics' mean shares, (topics,); None without topics. Each conversation is looked at once."""
        if self.topics is None or not views:
            return None
        new = [view for view in views if id(view) not in self._shares]
        if new:
            found = self.topics.shares([text_of(view) for view in new])
            self._shares.update((id(view), row) for view, row in zip(new, found, strict=True))
        mean: Shares = np.mean([self._shares[id(view)] for view in views], axis=0)
        return mean

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None without topics."""
        mean = self.shares(views)
        if mean is None:
            return None
        mean = mean[mean > 0]
        return float(np.exp(-np.sum(mean * np.log(mean))))
