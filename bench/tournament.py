"""The sequential tournament against the exhaustive one, on simulated judges: calls, and how often the winner is the same.

    python bench/tournament.py --tournaments 2000 [--jobs 2] [--only noise,size,...] [--rows "right 0.75,n = 8,..."]

Each simulated tournament has entrants of known strength and a judge whose answers are drawn once, for every expert,
duel and order; both schemes get the same answers. ``same`` is how often they name the same winner (95 % Wilson
interval), ``rerun`` how often the exhaustive scheme agrees with itself when the same judge answers anew: no scheme can
be more right about the judge than that. ``prior`` is how often the embedded score's favourite is the exhaustive winner.
``loss`` is how far the winner's true strength lies below the best one's, in standard deviations of strength,
sequential / exhaustive / embedded score alone.

What the simulation assumes. True strengths are standard normal. Under each of five experts an entrant's strength
deviates by ``deviation``; each duel has an effect of its own, ``duel``, which makes judges intransitive. The answer is
drawn from a logistic (Bradley-Terry) model with a preference for the first shown (``bias``, log odds, which differs
from expert to expert by 0.3) and ties; ``slope`` turns strength into log odds. Noise is named by ``right``: how often
one unbiased answer names the truly stronger of two entrants drawn at random, ties counting as half. The embedded score
correlates with the true strength by ``prior``. In ``halo`` the experts' errors are shared: a share of each answer's
noise is drawn once per duel and order for all five. Real judges may differ from all of this.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from duologue.conversations.critic.tournament import Choice, Scheme, choose
from duologue.intervals import wilson
from duologue.records import Attribute, Candidate, Comparison, Pair, Profile, Verdict

EXPERTS = 5
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """One kind of simulated tournament."""

    entrants: int = 8
    right: float = 0.75
    prior: float | None = 0.5
    """Correlation of the embedded score with true strength; None: every entrant has the same score."""
    bias: float = 0.5
    deviation: float = 0.5
    duel: float = 0.3
    tie: float = 0.2
    halo: float = 0.0
    tails: float = math.inf
    """Degrees of freedom of the strengths' distribution (Student's t, scaled to unit variance); infinite is normal."""
    certainty: float = 0.97


@dataclass(frozen=True, slots=True)
class Result:
    """One simulated tournament."""

    calls: int
    same: bool
    rerun: bool
    prior: bool
    loss: tuple[float, float, float]
    certainty: float
    best: tuple[bool, bool]


class Judge:
    """Answers of five experts on every duel in both orders: ``said[expert, first, second]`` is 1, -1 or 0."""

    def __init__(self, world: World, strengths: Array, deviations: Array, effects: Array, biases: Array) -> None:
        self._lead = (strengths + deviations)[:, :, None] - (strengths + deviations)[:, None, :] + effects
        self._biases = biases
        self._world = world
        self._slope = slope(world)

    def answers(self, random: np.random.Generator) -> npt.NDArray[np.int8]:
        """Draw every answer once."""
        world = self._world
        lead = self._slope * self._lead + self._biases[:, None, None]
        own = random.random(lead.shape)
        if world.halo:
            # Whether an expert's noise is the one that all share; its distribution stays uniform.
            shared = np.broadcast_to(random.random(lead.shape[1:]), lead.shape)
            own = np.where(random.random(lead.shape) < world.halo, shared, own)
        first = 1.0 / (1.0 + np.exp(-np.clip(lead - world.tie, -30, 30)))
        second = 1.0 / (1.0 + np.exp(-np.clip(-lead - world.tie, -30, 30)))
        return np.where(own < first, 1, np.where(own > 1.0 - second, -1, 0)).astype(np.int8)


class Expert:
    """A quality expert that reads a table of answers."""

    both_orders = True
    asks_model = True

    def __init__(self, name: str, answers: npt.NDArray[np.int8]) -> None:
        self.name = name
        self._answers = answers

    async def score(self, candidate: Candidate, verdicts: Mapping[str, Verdict]) -> Verdict:
        """It only compares."""
        return Verdict(self.name, "quality", 0.5, True)

    async def compare(self, first: Candidate, second: Candidate, scores: Mapping[str, Verdict]) -> Comparison:
        """Read the answer."""
        said = int(self._answers[first.sample, second.sample])
        winner: Literal["first", "second", "tie"] = "first" if said > 0 else "second" if said < 0 else "tie"
        return Comparison(self.name, first.id, second.id, winner)


class Ranker(Expert):
    """The embedded score."""

    both_orders = False
    asks_model = False

    def __init__(self, scores: Array) -> None:
        self.name = "embedded"
        self._scores = scores

    async def score(self, candidate: Candidate, verdicts: Mapping[str, Verdict]) -> Verdict:
        """The score, moved into [0, 1]."""
        return Verdict(self.name, "quality", float(1 / (1 + np.exp(-self._scores[candidate.sample]))), True)


def play(world: World, seed: int) -> Result:
    """Hold one tournament by both schemes."""
    random = np.random.default_rng((seed, 20_231_210))
    n = world.entrants
    strengths = (
        random.standard_normal(n)
        if math.isinf(world.tails)
        else random.standard_t(world.tails, n) * math.sqrt((world.tails - 2) / world.tails)
    )
    deviations = world.deviation * random.standard_normal((EXPERTS, n))
    effects = np.triu(world.duel * random.standard_normal((n, n)), 1)
    judge = Judge(world, strengths, deviations, effects - effects.T, world.bias + 0.3 * random.standard_normal(EXPERTS))
    noise = random.standard_normal(n)
    scores = np.zeros(n) if world.prior is None else world.prior * strengths + math.sqrt(1 - world.prior**2) * noise
    first, again = judge.answers(random), judge.answers(random)
    full, rerun = exhaustive(first, scores), exhaustive(again, scores)
    sequential = hold(candidates(n), first, scores, Scheme("sequential", world.certainty))
    won = sequential.winner.sample
    favourite = int(scores.argmax())
    best = strengths.max()
    return Result(
        sum(c.expert != "embedded" for c in sequential.comparisons),
        won == full,
        rerun == full,
        favourite == full,
        (best - strengths[won], best - strengths[full], best - strengths[favourite]),
        sequential.certainty,
        (bool(strengths[won] == best), bool(strengths[full] == best)),
    )


def exhaustive(answers: npt.NDArray[np.int8], scores: Array) -> int:
    """The exhaustive scheme's winner; written anew here, and the tests compare it with the library's."""
    # A vote goes to i only if both orders name it: +1 for i, -1 for j, else 0.
    named = np.sign(answers - answers.transpose(0, 2, 1))
    agree = answers == -answers.transpose(0, 2, 1)
    votes = np.where(agree, named, 0)
    duels = votes.sum(axis=0)
    won = (duels > 0).sum(axis=1)
    # Equal in all: the first id.
    return int(np.lexsort((-np.arange(len(won)), scores, duels.sum(axis=1), won))[-1])


def hold(entrants: Sequence[Candidate], answers: npt.NDArray[np.int8], scores: Array, scheme: Scheme) -> Choice:
    """One tournament through the library."""
    experts = [Expert(f"e{number}", table) for number, table in enumerate(answers)]
    loop = _loop()
    choice = loop.run_until_complete(choose(entrants, experts, {}, scheme=scheme, rankers=[Ranker(scores)]))
    assert choice is not None
    return choice


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def candidates(count: int) -> list[Candidate]:
    """Entrants, numbered by ``sample``."""
    one, two = (Profile.of((Attribute.of(text),)) for text in ("I sing.", "I cook."))
    pair = Pair("p-1", 0, one, two)
    return [Candidate(f"k-{i:02}", pair, 1, 0, i, ("Hi.", "Hey."), "whole", "m", "h", 0) for i in range(count)]


_SLOPES: dict[tuple[float, ...], float] = {}


def slope(world: World) -> float:
    """Log odds per unit of strength at which one unbiased answer is ``right`` so often (found by bisection)."""
    key = (world.right, world.deviation, world.duel, world.tie, world.tails)
    if key not in _SLOPES:
        random = np.random.default_rng(1)
        draw = (
            random.standard_normal((2, 200_000))
            if math.isinf(world.tails)
            else random.standard_t(world.tails, (2, 200_000)) * math.sqrt((world.tails - 2) / world.tails)
        )
        apart = draw[0] - draw[1]
        noise = math.sqrt(2 * world.deviation**2 + world.duel**2) * random.standard_normal(200_000)
        low, high = 0.0, 100.0
        for _ in range(40):
            middle = (low + high) / 2
            lead = np.clip(middle * (apart + noise), -30, 30)
            first, second = 1 / (1 + np.exp(-lead + world.tie)), 1 / (1 + np.exp(lead + world.tie))
            right = np.where(apart > 0, first, second) + (1 - first - second) / 2
            low, high = (middle, high) if right.mean() < world.right else (low, middle)
        _SLOPES[key] = low
    return _SLOPES[key]


STUDIES: Mapping[str, tuple[str, tuple[tuple[str, World], ...]]] = {
    "noise": (
        "Eight entrants, by the judge's noise",
        tuple((f"right {right:.2f}", World(right=right)) for right in (0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85)),
    ),
    "size": (
        "By number of entrants",
        tuple((f"n = {n}", World(entrants=n)) for n in (2, 3, 4, 5, 6, 8, 10, 12, 16)),
    ),
    "prior": (
        "Eight entrants, by the embedded score's correlation with true strength",
        (
            ("no score", World(prior=None)),
            *((f"correlation {prior:g}", World(prior=prior)) for prior in (-0.5, 0.0, 0.3, 0.6, 0.9)),
        ),
    ),
    "bias": (
        "Eight entrants, by position bias in log odds",
        tuple((f"bias {bias:g}", World(bias=bias)) for bias in (0.0, 1.0, 2.0, 3.0)),
    ),
    "other": (
        "Eight entrants, judges unlike the model that the scheme assumes",
        (
            ("experts of different minds", World(deviation=1.5)),
            ("intransitive", World(duel=1.5)),
            ("shared errors 0.5", World(halo=0.5)),
            ("shared errors 0.9", World(halo=0.9)),
            ("heavy tails", World(tails=3.0)),
            ("many ties", World(tie=1.0)),
            ("no ties", World(tie=0.0)),
            ("all against it", World(right=0.65, deviation=1.0, duel=1.0, halo=0.5, bias=1.5, prior=-0.5)),
        ),
    ),
    "certainty": (
        "Eight entrants, by the certainty asked for",
        tuple((f"certainty {level:g}", World(certainty=level)) for level in (0.8, 0.9, 0.95, 0.97, 0.99, 1.0)),
    ),
}


def run(world: World, seeds: Sequence[int]) -> list[Result]:
    """Some tournaments of one kind."""
    return [play(world, seed) for seed in seeds]


def table(
    name: str, tournaments: int, pool: ProcessPoolExecutor, jobs: int, labels: Sequence[str] = ()
) -> Iterator[str]:
    """The lines of one study, in Markdown; with ``labels`` only theirs, and nothing where the study has none of them."""
    title, rows = STUDIES[name]
    rows = tuple(row for row in rows if not labels or row[0] in labels)
    if not rows:
        return
    yield f"\n{title} ({tournaments} tournaments each)\n"
    yield "| judge | calls of all | p90 | fewer | same winner | claimed | rerun | prior | loss | right best |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for label, world in rows:
        shares = [range(start, tournaments, 4 * jobs) for start in range(4 * jobs)]
        results = [r for part in pool.map(run, [world] * len(shares), shares) for r in part]
        yield line(label, world, results)


def line(label: str, world: World, results: Sequence[Result]) -> str:
    """One row."""
    full = EXPERTS * world.entrants * (world.entrants - 1)
    calls = np.array([r.calls for r in results])
    hits = sum(r.same for r in results)
    low, high = wilson(hits / len(results), len(results))
    mean = {name: np.mean([getattr(r, name) for r in results]) for name in ("rerun", "prior", "certainty")}
    loss = np.mean([r.loss for r in results], axis=0)
    best = np.mean([r.best for r in results], axis=0)
    return (
        f"| {label} | {calls.mean():.1f} of {full} | {np.quantile(calls, 0.9):.0f} | {full / calls.mean():.2f}x "
        f"| {hits / len(results):.3f} ({low:.3f}-{high:.3f}) | {mean['certainty']:.3f} | {mean['rerun']:.3f} "
        f"| {mean['prior']:.3f} | {loss[0]:.3f} / {loss[1]:.3f} / {loss[2]:.3f} | {best[0]:.3f} / {best[1]:.3f} |"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tournaments", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default=",".join(STUDIES), help="studies, separated by commas")
    parser.add_argument(
        "--rows", default="", help="only these rows, by the names in the first column, separated by commas"
    )
    parser.add_argument("--certainty", type=float, help="in all studies but that of the certainty")
    args = parser.parse_args()
    labels = [label.strip() for label in args.rows.split(",") if label.strip()]
    known = {label for _, rows in STUDIES.values() for label, _ in rows}
    if unknown := [label for label in labels if label not in known]:
        parser.error(f"--rows: there is no {unknown[0]!r}; there are {', '.join(sorted(known))}")
    if args.certainty is not None:
        for name, (title, rows) in list(STUDIES.items()):
            if name != "certainty":
                changed = tuple((label, replace(world, certainty=args.certainty)) for label, world in rows)
                STUDIES[name] = (title, changed)  # type: ignore[index]
    began = time.perf_counter()
    with ProcessPoolExecutor(args.jobs) as pool:
        for name in args.only.split(","):
            for text in table(name, args.tournaments, pool, args.jobs, labels):
                print(text, flush=True)
    print(f"\n{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
