"""Intervals and tests for ratios of sums, in one pass and in memory that does not grow with the data set.

Each cluster of conversations (see :attr:`duologue.evaluation.view.View.cluster`) gets one Poisson(1) weight per
replicate, drawn from a hash of the cluster and the seed: the bootstrap for streams of Chamandy et al. (2012,
"Estimating Uncertainty for Massive Data Streams"). A replicate is the ratio of the weighted sums. Because the weights
follow from the cluster, the order of the rows makes no difference, and two data sets that share clusters are resampled
together: their difference is a paired bootstrap as far as they share pairs of users, an unpaired one elsewhere.

Resampling says nothing of fewer than :data:`LEAST` clusters, whatever the number of conversations: there is no interval
then, and no test. Nor of a share of none or of all; its replicates are normal, as far from the value as Wilson's limit.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from duologue.intervals import Z, wilson

REPLICATES = 1000
CONFIDENCE = 0.95
LEAST = 8
"""Fewest clusters that an interval is made of."""
_BATCH = 256
_CELLS = 2**16
"""For counting clusters without keeping them (linear counting; Whang et al., 1990)."""

Array = npt.NDArray[np.float64]


def weights(cluster: bytes, seed: int, replicates: int = REPLICATES) -> npt.NDArray[np.float32]:
    """The Poisson(1) weights of one cluster, (replicates,)."""
    digest = hashlib.blake2b(cluster + seed.to_bytes(8, "big"), digest_size=8).digest()
    generator = np.random.Generator(np.random.SFC64(int.from_bytes(digest, "big")))
    return generator.poisson(1.0, replicates).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval and its replicates."""

    value: float
    low: float
    high: float
    n: int
    """Conversations that were measured."""
    count: float | None = None
    """The sum of the numerators; None for a corpus metric."""
    of: float | None = None
    """The sum of the denominators."""
    replicates: Array | None = None
    """(replicates,); None when there is no interval."""
    clusters: int | None = None
    """Different clusters among the conversations, to within 1 % above some hundred; None where they were not counted."""


class Sums:
    """Numerators and denominators of several ratios, and their replicates."""

    def __init__(self, names: Sequence[str], seed: int, replicates: int = REPLICATES) -> None:
        self.names = tuple(names)
        self._seed = seed
        self._replicates = replicates
        self._totals = np.zeros((2, len(self.names)), dtype=np.float64)
        self._measured = np.zeros(len(self.names), dtype=np.int64)
        self._sums = np.zeros((replicates, 2, len(self.names)), dtype=np.float64)
        self._met = np.zeros((len(self.names), _CELLS), dtype=np.bool_)
        self._mixed = 0
        self._rows: list[Array] = []
        self._weights: list[npt.NDArray[np.float32]] = []

    def add(self, cluster: bytes, ratios: Sequence[tuple[float, float] | None]) -> None:
        """Add one conversation: a (numerator, denominator) per name, None where it does not apply."""
        row = np.zeros((2, len(self.names)), dtype=np.float64)
        number = int.from_bytes(hashlib.blake2b(cluster, digest_size=8).digest(), "big")
        self._mixed ^= number
        for column, ratio in enumerate(ratios):
            if ratio is not None:
                row[:, column] = ratio
                self._measured[column] += 1
                self._met[column, number % _CELLS] = True
        self._rows.append(row)
        self._weights.append(weights(cluster, self._seed, self._replicates))
        if len(self._rows) == _BATCH:
            self._flush()

    def estimates(self, ranges: Sequence[tuple[float, float]]) -> dict[str, Estimate | None]:
        """The estimate of each name; None where nothing was measured. ``ranges`` holds each ratio's bounds."""
        self._flush()
        found: dict[str, Estimate | None] = {}
        for column, name in enumerate(self.names):
            above, below = self._totals[:, column].tolist()
            n = int(self._measured[column])
            if not below:
                found[name] = None
                continue
            value, clusters = above / below, min(n, self._clusters(column))
            if clusters < LEAST:
                found[name] = Estimate(value, value, value, n, above, below, None, clusters)
                continue
            sums = self._sums[:, :, column]
            with np.errstate(divide="ignore", invalid="ignore"):
                replicates = np.where(sums[:, 1] > 0, sums[:, 0] / sums[:, 1], value)
            low, high = interval(replicates)
            most = ranges[column][1]
            if ranges[column] in ((0.0, 1.0), (0.0, 100.0)) and value in (0.0, most):
                # A conversation is one case for a share; of 100 utterances, each is.
                cases = clusters if most == 1.0 else below * clusters / n
                salt = f"{self._seed}/{self._mixed}/{name}"
                low, high, replicates = at_edge(value, most, cases, salt, self._replicates)
            found[name] = Estimate(value, low, high, n, above, below, replicates, clusters)
        return found

    def _clusters(self, column: int) -> int:
        free = _CELLS - int(self._met[column].sum())
        return round(_CELLS * math.log(_CELLS / max(1, free)))

    def _flush(self) -> None:
        if not self._rows:
            return
        rows = np.stack(self._rows)
        drawn = np.stack(self._weights).astype(np.float64)
        self._totals += rows.sum(axis=0)
        self._sums += np.tensordot(drawn, rows, axes=(0, 0))
        self._rows.clear()
        self._weights.clear()


def interval(replicates: Array, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The percentile interval of replicates."""
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(replicates, [tail, 1.0 - tail]).tolist()
    return low, high


def difference(first: Estimate, second: Estimate) -> tuple[float, float, float, float] | None:
    """``first`` less ``second``: (value, low, high, p), or None when either has no replicates.

    ``p`` is two-sided, from the difference over the standard deviation of its replicates: counting replicates on the
    far side of 0 can't go below 1 / replicates, which no correction for many tests survives. Where no replicate varies,
    p is 1 for equal values and 0 for others.
    """
    if first.replicates is None or second.replicates is None:
        return None
    n = min(len(first.replicates), len(second.replicates))
    gaps = first.replicates[:n] - second.replicates[:n]
    value = first.value - second.value
    low, high = interval(gaps)
    error = float(np.std(gaps, ddof=1))
    if error <= 1e-12 * max(1.0, abs(value)):
        return value, low, high, float(value == 0.0)
    return value, low, high, math.erfc(abs(value) / error / math.sqrt(2.0))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (1979) for testing many differences at once; in the order given."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    most = 0.0
    for rank, index in enumerate(order):
        most = max(most, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = most
    return adjusted


def at_edge(
    value: float, most: float, cases: float, salt: str, replicates: int = REPLICATES
) -> tuple[float, float, Array]:
    """Wilson's limits of 0 or ``most`` in so many cases, and replicates between them; ``salt`` as below."""
    low, high = (most * limit for limit in wilson(value / most, cases))
    return low, high, edge_replicates(value, low, high, salt, replicates)


def edge_replicates(value: float, low: float, high: float, salt: str, replicates: int = REPLICATES) -> Array:
    """Replicates of a share of none or of all: normal around it, so wide that 95 % lie within its distance to the limit.

    With it, a difference is tested as by Newcombe (1998). ``salt`` names what was counted of what; equal ones share draws.
    """
    digest = hashlib.blake2b(salt.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    drawn = np.random.default_rng(int.from_bytes(digest, "big")).standard_normal(replicates)
    made: Array = value + max(high - value, value - low) / Z * drawn
    return made
