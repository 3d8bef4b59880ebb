"""The embedded scorer of general quality: no language model, a score for each aspect, and what costs how much.

A score is ``1 - sum of weight x (1 - value)`` over the measures of an aspect, whose weights add up to 1: every measure
can only cost, and what it costs is said. The aspects are those of FED (Mehri and Eskenazi, 2020), which the paper's
experts judge, and ``overall``. The weights lie in ``weights/quality/scorer.json``; ``training/quality`` made them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from duologue.conversations.critic.quality import company, flow, repeats, substance
from duologue.conversations.critic.quality.part import Part
from duologue.conversations.critic.quality.reading import Reading
from duologue.errors import ModelError

OVERALL = "overall"
SHIPPED = Path(__file__).parents[3] / "weights" / "quality" / "scorer.json"
"""Where the shipped weights lie."""
MEASURES: Mapping[str, Callable[[Reading], Part]] = {
    "links": flow.links,
    "answers": flow.answers,
    "uptake": flow.uptake,
    "restarts": flow.restarts,
    "own repeats": repeats.own,
    "echo": repeats.echo,
    "stutter": repeats.stutter,
    "asked again": repeats.asked_again,
    "wording": repeats.wording,
    "openings": repeats.openings,
    "vocabulary": substance.vocabulary,
    "detail": substance.detail,
    "effort": substance.effort,
    "stay": substance.stay,
    "balance": substance.balance,
    "spread": substance.spread,
    "content": company.content,
    "warmth": company.warmth,
    "ending": company.ending,
    "curiosity": company.curiosity,
    "interrogation": company.interrogation,
    "gentle": company.gentle,
    "harmony": company.harmony,
}
"""Every measure by the name that the weights and the explanations use."""
_SHOWN = 0.005
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Cost:
    """What one measure takes off a score."""

    measure: str
    cost: float
    """In [0, 1]: the measure's weight times what its value lacks of 1."""
    part: Part

    def __str__(self) -> str:
        text = f"{self.measure} {self.cost:.2f}"
        inside = []
        if self.part.utterances:
            named = ", ".join(str(i + 1) for i in self.part.utterances[:_NAMED])
            more = ", ..." if len(self.part.utterances) > _NAMED else ""
            inside.append(f"utterance{'s' if len(self.part.utterances) > 1 else ''} {named}{more}")
        if self.part.note:
            inside.append(self.part.note)
        return f"{text} ({': '.join(inside)})" if inside else text


@dataclass(frozen=True, slots=True)
class Assessment:
    """The score of one conversation in one aspect, and its costs, the dearest first."""

    aspect: str
    score: float
    """In [0, 1]; 1 is best."""
    costs: tuple[Cost, ...]

    def explain(self) -> str:
        """What costs how much, in one line, with the utterances to blame (counted from 1)."""
        told = [str(cost) for cost in self.costs if cost.cost >= _SHOWN]
        return f"1 less {', '.join(told)}" if told else "nothing costs anything"

    @property
    def utterances(self) -> tuple[int, ...]:
        """Indices of the utterances that the dearest measure blames; empty when it blames none."""
        return next((c.part.utterances for c in self.costs if c.cost >= _SHOWN and c.part.utterances), ())


class Scorer:
    """Scores by weights: aspect to measure to weight. Weights are not below 0 and add up to 1 in each aspect."""

    def __init__(self, weights: Mapping[str, Mapping[str, float]]) -> None:
        self.weights = weights

    @property
    def aspects(self) -> tuple[str, ...]:
        """The aspects that can be scored."""
        return tuple(self.weights)

    def assess(self, reading: Reading, aspect: str = OVERALL) -> Assessment:
        """Score one conversation in one aspect. An empty conversation scores 0. Raises KeyError without the aspect."""
        weights = self.weights[aspect]
        if not any(reading.words):
            return Assessment(aspect, 0.0, (Cost("stay", 1.0, Part(0.0, (), "nothing is said")),))
        parts = {name: MEASURES[name](reading) for name in weights}
        costs = [Cost(name, weights[name] * (1.0 - part.value), part) for name, part in parts.items()]
        costs.sort(key=lambda cost: (-cost.cost, cost.measure))
        total = sum(cost.cost for cost in costs)
        return Assessment(aspect, min(1.0, max(0.0, 1.0 - total)), tuple(costs))


def load_scorer(path: Path | str = SHIPPED) -> Scorer:
    """Load a scorer's weights, the shipped ones by default.

    Raises ModelError when the file is missing, damaged or names an unknown measure.
    """
    return _loaded(Path(path))


@lru_cache(maxsize=2)
def _loaded(path: Path) -> Scorer:
    cure = "reinstall duologue" if path == SHIPPED else "mend the file, or do without one of your own"
    try:
        held = json.loads(path.read_text(encoding="utf-8"))["weights"]
        weights = {str(a): {str(m): float(w) for m, w in of.items()} for a, of in held.items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ModelError(f"quality: {path} can't be read ({type(error).__name__}); {cure}") from error
    for aspect, of in weights.items():
        if unknown := set(of) - set(MEASURES):
            raise ModelError(f"quality: {path} weighs {min(unknown)!r}, which is no measure; {cure}")
        if any(w < 0 for w in of.values()) or abs(sum(of.values()) - 1.0) > 1e-3:
            raise ModelError(f"quality: the weights of {aspect} in {path} do not add up to 1; {cure}")
    return Scorer(weights)
