"""Table of figures for the exported model beside a lexical-overlap baseline.

python evaluate.py [--weights ../../src/duologue/weights/nli] [--data DATA_FOLDER] [--errors]
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import data
import model as m
import numpy as np
import onnxruntime as ort
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score

from export import TO, logits

Predict = Callable[[list[tuple[str, str]]], np.ndarray]  # pairs to probabilities (n, 3)
NOT = re.compile(r"\b(not|no|never|nothing|none|nobody)\b|n't\b")


def onnx_predict(folder: Path) -> Predict:
    """Probabilities of the exported model."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    session = ort.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    tokenizer = m.load_tokenizer(
        folder / "tokenizer.json", json.loads((folder / "meta.json").read_text())["max_length"]
    )

    def predict(pairs: list[tuple[str, str]]) -> np.ndarray:
        order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]) + len(pairs[i][1]))
        out = np.empty((len(pairs), 3))
        out[order] = logits(session, tokenizer, [pairs[i] for i in order])
        out = np.exp(out - out.max(1, keepdims=True))
        return out / out.sum(1, keepdims=True)

    return predict


def words(text: str) -> set[str]:
    """Lower-case words."""
    return set(re.findall(r"[a-z0-9]+", text.lower()))


def features(pairs: list[tuple[str, str]]) -> np.ndarray:
    """Overlap of words and difference in negation: what a trivial method sees."""
    rows = []
    for p, h in pairs:
        a, b = words(p), words(h)
        both, n = len(a & b), (bool(NOT.search(p.lower())), bool(NOT.search(h.lower())))
        rows.append([both / max(1, len(b)), both / max(1, len(a)), n[0] != n[1], n[0], n[1], "?" in p])
    return np.array(rows, float)


def baseline() -> Predict:
    """Logistic regression on overlap and negation, fitted on the handwritten training part."""
    rows = data.handwritten("train")
    fit = LogisticRegression(max_iter=1000, class_weight="balanced")
    fit.fit(features([(r["premise"], r["hypothesis"]) for r in rows]), [m.LABELS.index(r["label"]) for r in rows])
    return lambda pairs: fit.predict_proba(features(pairs))


def three_way(rows: list[dict[str, str]], predict: Predict) -> str:
    """Accuracy, macro F1 and contradiction against the rest."""
    best = predict([(r["premise"], r["hypothesis"]) for r in rows]).argmax(1)
    right = np.array([b in data.ALLOWED[r["label"]] for b, r in zip(best, rows, strict=False)])
    line = f"n {len(rows):5d}  accuracy {right.mean():.3f}"
    if {r["label"] for r in rows} <= set(m.LABELS):
        gold = np.array([m.LABELS.index(r["label"]) for r in rows])
        line += f"  macro F1 {f1_score(gold, best, average='macro'):.3f}"
        if 0 < (gold == 2).sum() < len(gold):
            line += f"  contradiction/rest balanced accuracy {balanced_accuracy_score(gold == 2, best == 2):.3f}"
    return line


def ranking(path: Path, predict: Predict, leave_out: str = "") -> str:
    """Pick one of the candidates by its best entailment minus its worst contradiction over the persona sentences.

    contradict@1: the pick contradicts the persona; hits@1: the pick is the gold reply. The "similar" candidates often fit the
    persona as well as the gold reply does, so the figure is also given without them.
    """
    counts: dict[str, int] = defaultdict(int)
    cases = data.read_rows(path)
    for case in cases:
        kinds = [
            (k, c)
            for k in ("gold", "neg", "similar", "rand")
            if k != leave_out
            for c in ([case[k]] if k == "gold" else case[k])
        ]
        pairs = [(c, s) for _, c in kinds for s in case["persona"]]
        p = predict(pairs).reshape(len(kinds), len(case["persona"]), 3)
        counts[kinds[int((p[:, :, 0].max(1) - p[:, :, 2].max(1)).argmax())][0]] += 1
    n = len(cases)
    titles = {"gold": "hits@1", "neg": "contradict@1", "similar": "similar@1", "rand": "random@1"}
    return f"n {n:5d}  " + "  ".join(f"{title} {counts[kind] / n:.3f}" for kind, title in titles.items())


def main() -> None:
    """Command line."""
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--weights", type=Path, default=TO)
    ap.add_argument("--data", type=Path, help="folder of the measuring sets")
    ap.add_argument("--errors", action="store_true", help="print the handwritten pairs it gets wrong (training part)")
    args = ap.parse_args()
    predicts = {"model": onnx_predict(args.weights), "overlap": baseline()}
    sets: dict[str, list[dict[str, str]]] = {
        "handwritten test": data.handwritten("test"),
        "handwritten train": data.handwritten("train"),
    }
    if args.data:
        for name in ("nli/dev.jsonl.gz", "nli_snli_breaking.jsonl"):
            try:
                for row in data.read_rows(args.data / name):
                    sets.setdefault(f"{Path(name).name.split('.')[0]}: {row['set']}", []).append(row)
            except SystemExit as error:
                print(f"left out: {error}")
    for title, rows in sets.items():
        for who, predict in predicts.items():
            print(f"{title:32} {who:8} {three_way(rows, predict)}", flush=True)
    if args.data and (args.data / "dnli_ranking.jsonl").exists():
        for who, predict in predicts.items():
            for leave_out in ("", "similar"):
                title = "dnli_ranking" + (f" without {leave_out}" if leave_out else "")
                print(f"{title:32} {who:8} {ranking(args.data / 'dnli_ranking.jsonl', predict, leave_out)}", flush=True)
    if args.errors:
        rows = data.handwritten("train")
        best = predicts["model"]([(r["premise"], r["hypothesis"]) for r in rows]).argmax(1)
        for r, b in zip(rows, best, strict=False):
            if m.LABELS[b] != r["label"]:
                print(f"{r['label']:13} said {m.LABELS[b]:13} | {r['premise']} | {r['hypothesis']}")


if __name__ == "__main__":
    main()
