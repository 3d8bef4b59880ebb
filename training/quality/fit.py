"""Fits the scorer's weights on good conversations and spoiled ones. It reads no human rating; its ``POINTS`` are not
blind to them, see there.

    python training/quality/fit.py --spc SPC.csv --vectors CACHE.npz [--out src/duologue/weights/quality/scorer.json]

Every conversation is spoiled in every way of ``spoil.py`` at three strengths. A spoiled one has to score lower than the
good one and than a milder one of the same kind: a logistic loss on the difference of the two scores, over weights not
below 0, with a ridge that holds them to the points in ``POINTS``, which were set by hand. The points settle what
spoiling can't show (whether people like a warm ending), the pairs how much the measures that overlap add to each
other. Weights are scaled to add up to 1. A fifth of the conversations is held out for the figures printed.

``harmony`` (contradictions) and ``gentle`` (toxicity) keep the share that their points give them: nothing here is
spoiled in those ways, for filters of their own look for it. For the same reason they are no part of ``overall``, which
so needs sentence vectors only.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from spoil import SHARES, SPOILERS
from talks import ROOT, Remembered, Talk, ours, spc

from duologue.conversations.critic.quality.reading import Reading
from duologue.conversations.critic.quality.scorer import MEASURES, OVERALL

POINTS: Mapping[str, Mapping[str, float]] = {
    "depth": {"vocabulary": 4, "detail": 4, "stay": 2, "effort": 2, "uptake": 1, "links": 1, "interrogation": 1},
    "coherency": {"links": 5, "answers": 3, "restarts": 1, "uptake": 1, "own repeats": 1, "content": 1},
    "consistency": {"harmony": 6, "links": 1, "own repeats": 1, "content": 1, "restarts": 1},
    "diversity": {
        "own repeats": 2, "wording": 2, "vocabulary": 3, "openings": 2, "spread": 1, "stutter": 1, "asked again": 1,
        "echo": 1,
    },
    "likable": {
        "ending": 2, "warmth": 3, "balance": 2, "content": 2, "curiosity": 1, "interrogation": 1, "effort": 1,
        "uptake": 1, "gentle": 2, "echo": 0.5,
    },
    OVERALL: {
        "vocabulary": 5, "detail": 1.5, "stay": 2, "effort": 1, "balance": 2, "links": 2, "answers": 1, "uptake": 0.5,
        "restarts": 0.5, "own repeats": 1.5, "echo": 0.5, "stutter": 0.5, "asked again": 0.5, "wording": 1,
        "openings": 0.5, "spread": 0.5, "content": 1.5, "warmth": 1.5, "ending": 2, "curiosity": 0.5,
        "interrogation": 0.5,
    },
}  # fmt: skip
"""Points by aspect: what matters. They are scaled to add up to 1.

They were set by hand, after the correlation of each candidate measure with the ratings of wild_scored had been looked at,
on all of its source files. So wild_scored is a development set for them and not an unseen one.
"""
GIVEN = ("harmony", "gentle")
SCALE = 12.0
"""Log odds per unit of score."""
RIDGE = 0.5
"""Against a change of a weight (relative to the mean weight) from its points."""
Pairs = list[tuple[str, np.ndarray]]


class NoNli:
    """Not asked."""

    name = "none"

    def predict(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """Raise, for nothing fitted here reads contradictions."""
        raise NotImplementedError


MEASURED = [name for name in MEASURES if name not in GIVEN]


def values(utterances: Sequence[str], embedder: Remembered) -> np.ndarray:
    """Every measure but the given ones."""
    reading = Reading(utterances, embedder, NoNli())
    return np.array([MEASURES[name](reading).value for name in MEASURED])


def pairs(talks: Sequence[Talk], embedder: Remembered, seed: int) -> Pairs:
    """By spoiler: by how much the better of two conversations exceeds the worse in each measure."""
    rng = np.random.default_rng(seed)
    other = [u for talk in talks for u in talk.utterances[1:]]
    spoiled = [
        (talk, name, [way(talk.utterances, share, rng, other) for share in SHARES])
        for talk in talks
        for name, (way, _) in SPOILERS.items()
    ]
    embedder.embed([u for _, _, kinds in spoiled for said in kinds for u in said])
    good = {talk.id: values(talk.utterances, embedder) for talk in talks}
    found: Pairs = []
    for talk, name, kinds in spoiled:
        chain = [good[talk.id], *(values(said, embedder) for said in kinds)]
        found += [(name, chain[0] - worse) for worse in chain[1:]]
        found.append((name, chain[1] - chain[3]))
    return found


def fitted(aspect: str, learnt: Pairs) -> dict[str, float]:
    """The weights of one aspect."""
    points = {m: p / sum(POINTS[aspect].values()) for m, p in POINTS[aspect].items()}
    free = [m for m in points if m not in GIVEN]
    kept = sum(p for m, p in points.items() if m in GIVEN)
    lead = np.array([d[[MEASURED.index(m) for m in free]] for name, d in learnt if lowers(name, aspect)])
    start = np.array([points[m] for m in free]) / (1.0 - kept)
    if not len(lead):
        return points

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        margin = SCALE * lead @ w
        off = (w - start) * len(free)
        slope = -SCALE * (lead / (1.0 + np.exp(np.clip(margin, -30, 30)))[:, None]).mean(axis=0)
        value = np.logaddexp(0.0, -margin).mean() + RIDGE * float(off @ off) / len(free)
        return float(value), slope + 2.0 * RIDGE * off

    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(free)).x
    scaled = best / best.sum() * (1.0 - kept)
    return {m: float(w) for m, w in zip(free, scaled, strict=True)} | {m: p for m, p in points.items() if m in GIVEN}


def lowers(name: str, aspect: str) -> bool:
    """Whether a way to spoil is aimed at an aspect."""
    return aspect == OVERALL or aspect in SPOILERS[name][1]


def accuracy(weights: Mapping[str, float], held: Pairs, names: Sequence[str]) -> float:
    """Share of pairs in which the better one scores higher; ties count half."""
    w = np.array([weights.get(m, 0.0) for m in MEASURED])
    leads = np.array([d @ w for name, d in held if name in names])
    return float(((np.sign(np.round(leads, 9)) + 1) / 2).mean())


def rounded(weights: Mapping[str, float]) -> dict[str, float]:
    """Three decimals, adding up to 1; measures of no weight are left out."""
    short = {m: round(w, 3) for m, w in weights.items()}
    first = max(short, key=lambda m: short[m])
    short[first] = round(short[first] + 1.0 - sum(short.values()), 3)
    return {m: w for m, w in sorted(short.items(), key=lambda item: -item[1]) if w > 0}


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spc", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, required=True, help="where vectors are kept between runs")
    parser.add_argument("--own", type=int, default=100, help="hand-written conversations, at most")
    parser.add_argument("--talks", type=int, default=100, help="conversations of Synthetic-Persona-Chat, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "src" / "duologue" / "weights" / "quality" / "scorer.json")
    args = parser.parse_args()
    embedder = Remembered(args.vectors)
    written = ours()
    written = written[:: max(1, len(written) // args.own)][: args.own]
    every = [t for t in (*written, *spc(args.spc, args.talks, 12)) if len(t.utterances) >= 6]
    held = pairs(every[::5], embedder, args.seed)
    learnt = pairs([t for i, t in enumerate(every) if i % 5], embedder, args.seed + 1)
    embedder.save()
    weights = {aspect: rounded(fitted(aspect, learnt)) for aspect in POINTS}
    print(
        f"{len(learnt)} pairs of {len(every) - len(every[::5])} conversations; {len(held)} held out of {len(every[::5])}"
    )
    print("| spoiled by | " + " | ".join(weights) + " |\n|---|" + "---|" * len(weights))
    for name in SPOILERS:
        cells = [f"{accuracy(w, held, [name]):.3f}" if lowers(name, a) else "" for a, w in weights.items()]
        print(f"| {name} | " + " | ".join(cells) + " |")
    for label, of in (("fitted", weights), ("points alone", POINTS)):
        cells = [
            f"{accuracy(of[a], held, [n for n in SPOILERS if lowers(n, a)] or list(SPOILERS)):.3f}" for a in weights
        ]
        print(f"| all, {label} | " + " | ".join(cells) + " |")
    args.out.write_text(json.dumps({"version": "0.1", "weights": weights}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
