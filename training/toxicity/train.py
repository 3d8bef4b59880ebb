"""Train and export; python train.py --data FOLDER --tox-block FOLDER.

FOLDER of --tox-block: the package's ``trained_models``. The linear models are fitted fold by fold, so that the last layer
learns from what they say of rows that they did not see; the figures printed are of rows that neither saw. Then the linear
models are fitted to all rows. The dev file is read by evaluate.py only. Writes src/duologue/weights/toxicity.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import data
import numpy as np
import start
from evaluate import auroc
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from duologue.models.toxicity_builtin import Reader, joined
from duologue.models.toxicity_text import BEFORE_WORDS, PIECES, pieces_of, words_of

TO = Path(__file__).parents[2] / "src" / "duologue" / "weights" / "toxicity"
HEADS = ("overall", *data.KINDS)
SET_WEIGHT = {"toxichat": 1.5, "convabuse": 0.5}
BATCH = 128


def matrix(rows: list[data.Row]) -> csr_matrix:
    """(rows, pieces): each piece of the utterance and of the one before, scaled as the shipped model does."""
    starts, columns, values = [0], [], []
    for row in rows:
        own = pieces_of(words_of(row.text))
        both = own + pieces_of(words_of(row.before, last=True, most=BEFORE_WORDS), "b:")
        columns += both
        values += [1.0 / max(1, len(own)) ** 0.5] * len(both)
        starts.append(len(columns))
    return csr_matrix((np.array(values, np.float32), columns, starts), shape=(len(rows), PIECES))


def linear(features: csr_matrix, truth: np.ndarray) -> LogisticRegression:
    """A logistic regression over pieces."""
    return LogisticRegression(C=1.0, solver="liblinear").fit(features, truth)


def last(features: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights and constant of the last layer for one head, for features as they come."""
    mean, spread = features.mean(0), features.std(0) + 1e-6
    fitted = LogisticRegression(max_iter=300).fit((features - mean) / spread, truth, weights)
    weight = fitted.coef_[0] / spread
    return weight, float(fitted.intercept_[0] - weight @ mean)


def read(reader: Reader, texts: list[list[str]]) -> np.ndarray:
    """Manners of all texts, similar lengths together."""
    found = np.zeros((len(texts), len(data.MANNERS)), np.float32)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for begin in range(0, len(order), BATCH):
        part = order[begin : begin + BATCH]
        found[part] = reader([texts[i] for i in part])
    return found


def areas(rows: list[data.Row], scores: np.ndarray) -> str:
    """AUROC by set and by kind of DiaSafety."""
    names = [r.category if r.set == "diasafety" else r.set for r in rows]
    groups = {name: {name} for name in dict.fromkeys(names)} | {"both": {"Offending User", "Toxicity Agreement"}}
    found = []
    for name, of in groups.items():
        part = [i for i, n in enumerate(names) if n in of]
        truth = np.array([rows[i].label for i in part], dtype=bool)
        if truth.any() and not truth.all():
            found.append(f"{name} {auroc(scores[part], truth):.3f}")
    return ", ".join(found)


def main() -> None:
    """Command line."""
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--data", type=Path, required=True)
    ap.add_argument("--tox-block", type=Path, required=True)
    ap.add_argument("--to", type=Path, default=TO)
    ap.add_argument("--version", default="0.3")
    ap.add_argument("--alarms", type=float, default=0.002, help="share of plain utterances that may be above 0.5")
    args = ap.parse_args()
    rows = data.labelled(args.data / "toxicity_train.jsonl") + data.plain(args.data / "spc_valid.csv")
    rows += data.groups()
    fold = np.array([data.fold_of(row) for row in rows])
    targets = np.array([[np.nan if t is None else t for t in row.heads] for row in rows])
    weights = np.array([SET_WEIGHT.get(row.set, 1.0) for row in rows])
    plain = np.array([row.set in ("spc", "handwritten") for row in rows])
    held = start.arrays(args.tox_block)
    reader = Reader(held)
    manners = read(reader, [words_of(row.text) for row in rows])
    earlier = read(reader, [words_of(row.before, last=True, most=BEFORE_WORDS) for row in rows])
    print(f"{len(rows):,} rows read", flush=True)
    pieces = matrix(rows)
    seen = np.zeros((len(rows), len(HEADS)), np.float32)
    table, constants = np.zeros((PIECES, len(HEADS)), np.float32), np.zeros(len(HEADS), np.float32)
    for head, name in enumerate(HEADS):
        known = ~np.isnan(targets[:, head])
        for n in range(data.FOLDS):
            of = known & (fold != n)
            seen[fold == n, head] = linear(pieces[of], targets[of, head]).decision_function(pieces[fold == n])
        full = linear(pieces[known], targets[known, head])
        table[:, head], constants[head] = full.coef_[0], full.intercept_[0]
        print(f"linear, {name}: {areas(rows, seen[:, head])}", flush=True)
    features = joined(seen, manners, earlier)
    weight, bias = np.zeros((features.shape[1], len(HEADS))), np.zeros(len(HEADS))
    unseen = np.zeros((len(rows), len(HEADS)))
    for head, name in enumerate(HEADS):
        known = ~np.isnan(targets[:, head])
        for n in range(data.FOLDS):
            of = known & (fold != n)
            w, b = last(features[of], targets[of, head], weights[of])
            unseen[fold == n, head] = features[fold == n] @ w + b
        weight[:, head], bias[head] = last(features[known], targets[known, head], weights[known])
        print(f"joined, {name}: {areas(rows, unseen[:, head])}", flush=True)
    lower = min(0.0, -float(np.quantile(unseen[plain, 0], 1 - args.alarms)))
    bias[0] += lower
    print(f"threshold lowered by {lower:.2f}; found at 0.5:", flush=True)
    for name in ("toxichat", "Offending User", "Toxicity Agreement", "convabuse"):
        part = np.array([name in (row.set, row.category) and row.label == 1 for row in rows])
        print(f"  {name} {(unseen[part, 0] + lower > 0).mean():.1%}")
    named = np.array([row.set == "groups" for row in rows])
    print(f"  harmless sentences that name a group: {(unseen[named, 0] + lower > 0).mean():.1%}", flush=True)
    scale = (np.abs(table).max(0) / 127).astype(np.float32)
    held["linear"], held["linear.scale"] = np.rint(table / scale).astype(np.int8), scale
    held["linear.constants"] = constants
    held["stack.weight"], held["stack.bias"] = weight.astype(np.float32), bias.astype(np.float32)
    args.to.mkdir(parents=True, exist_ok=True)
    model = args.to / "model.npz"
    np.savez_compressed(model, **held)
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    meta = {"version": args.version, "kinds": list(data.KINDS), "manners": list(data.MANNERS), "sha256": digest}
    (args.to / "meta.json").write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")
    print(f"{model.name}: {model.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
