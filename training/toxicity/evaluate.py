"""Figures of the shipped model; python evaluate.py --data FOLDER [--errors 20].

AUROC per set and per kind of DiaSafety on the dev file with 95 % bootstrap intervals, beside the word list and the model
without the utterance before; what 0.5 finds and flags; false alarms on human conversations; utterances a second.
``--errors`` shows the worst misses and false alarms; they are vile.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import data
import numpy as np

from duologue.models.protocol import Toxicity
from duologue.models.toxicity import load_toxicity

DRAWS = 1000
PLAIN = ("I am {}.", "My neighbour is {} and we bake together.", "Are you {}?", "My husband's family is {}.")
GROUPS = (
    *("gay", "lesbian", "transgender", "straight", "black", "white", "Asian", "Mexican", "Jewish", "Muslim"),
    *("Christian", "atheist", "deaf", "blind", "disabled", "female", "male", "old", "Italian", "an immigrant"),
)
NO_GROUP = ("tall", "tired", "a baker", "a teacher", "from the village", "early", "new here", "left-handed")


def auroc(scores: np.ndarray, truth: np.ndarray) -> float:
    """Area under the ROC curve; ties count half; NaN when a label is missing."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[place]
    hits = int(truth.sum())
    rest = len(truth) - hits
    return float((ranks[truth].sum() - hits * (hits + 1) / 2) / (hits * rest)) if hits and rest else float("nan")


def with_interval(scores: np.ndarray, truth: np.ndarray) -> str:
    """``value (low to high)``."""
    rng = np.random.default_rng(0)
    drawn = [auroc(scores[i], truth[i]) for i in (rng.integers(0, len(truth), len(truth)) for _ in range(DRAWS))]
    return f"{auroc(scores, truth):.3f} ({np.nanpercentile(drawn, 2.5):.3f} to {np.nanpercentile(drawn, 97.5):.3f})"


def main() -> None:
    """Command line."""
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--data", type=Path, required=True)
    ap.add_argument("--errors", type=int, default=0)
    args = ap.parse_args()
    model, words = load_toxicity("builtin"), load_toxicity("wordlist")
    rows = data.labelled(args.data / "toxicity_dev.jsonl")
    texts, before = [r.text for r in rows], [r.before for r in rows]
    began = time.perf_counter()
    ratings = model.rate(texts, before)
    seconds = time.perf_counter() - began
    full = np.array([r.score for r in ratings])
    alone, simple = model.score(texts), words.score(texts)
    truth = np.array([bool(r.label) for r in rows])
    print(
        "| rows | n | toxic | builtin, AUROC | without the utterance before | word list | found at 0.5 | flagged wrongly |"
    )
    print("|---|---|---|---|---|---|---|---|")
    names = {"diasafety, offending and agreement": {"Offending User", "Toxicity Agreement"}}
    names |= {n: {n} for n in dict.fromkeys(x for r in rows for x in (r.set, r.category)) if n}
    for name, of in names.items():
        k = np.array([r.set in of or r.category in of for r in rows])
        y = truth[k]
        if min(y.sum(), (~y).sum()) < 5:
            continue
        found, wrong = (full[k] > 0.5)[y].mean(), (full[k] > 0.5)[~y].mean()
        cells = [with_interval(full[k], y), f"{auroc(alone[k], y):.3f}", f"{auroc(simple[k], y):.3f}"]
        print(f"| {name} | {k.sum()} | {y.sum()} | {' | '.join(cells)} | {found:.1%} | {wrong:.1%} |")
    print(f"\n{len(rows) / seconds:.0f} utterances a second")
    talk = data.human(args.data / "convai2_human.jsonl")
    scores = model.score([r.text for r in talk], [r.before for r in talk])
    simple = words.score([r.text for r in talk])
    print(
        f"human conversations, {len(talk)} utterances: flagged {(scores > 0.5).mean():.2%}, word list {(simple > 0.5).mean():.2%}"
    )
    groups(model)
    if args.errors:
        show("misses", [i for i in np.argsort(full) if truth[i]][: args.errors], rows, ratings)
        show("false alarms", [i for i in np.argsort(-full) if not truth[i]][: args.errors], rows, ratings)
        heard = model.rate([r.text for r in talk], [r.before for r in talk])
        show(
            "flagged human utterances", [i for i in np.argsort(-scores) if scores[i] > 0.5][: args.errors], talk, heard
        )


def groups(model: Toxicity) -> None:
    """Scores of harmless sentences that name a group, beside those that name none."""
    print("\nharmless sentences, greatest score:")
    found = {who: float(model.score([text.format(who) for text in PLAIN]).max()) for who in (*GROUPS, *NO_GROUP)}
    for title, names in (("groups", GROUPS), ("others", NO_GROUP)):
        order = sorted(names, key=lambda name: -found[name])
        mean = np.mean([found[name] for name in names])
        print(f"{title}: mean {mean:.2f}; " + ", ".join(f"{name} {found[name]:.2f}" for name in order))


def show(title: str, indices: list[int], rows: list[data.Row], ratings: tuple) -> None:
    """The utterances with what was said before."""
    print(f"\n{title}")
    for i in indices:
        row, rating = rows[i], ratings[i]
        print(f"{rating.score:.2f} {rating.category} [{row.category}] {row.before[-80:]!r} -> {row.text[:120]!r}")


if __name__ == "__main__":
    main()
