"""Table of figures for the exported model beside a lexical-overlap baseline.

python evaluate.py [--weights ../../src/duologue/weights/nli] [--data DATA_FOLDER] [--quick] [--errors]
"""

from __future__ import annotations

import argparse
import json
import random
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import data
import model as m
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

import conversations as c
from export import TO, outputs, session_of

Pairs = list[tuple[str, str]]
Predict = Callable[[Pairs], np.ndarray]
NOT = re.compile(r"\b(not|no|never|nothing|none|nobody)\b|n't\b")
KINDS = ("gold", "neg", "similar", "rand")


class Model:
    """An exported model: probabilities of the three labels, and of the fit."""

    def __init__(self, folder: Path) -> None:
        self.session = session_of(folder / "model.onnx")
        length = json.loads((folder / "meta.json").read_text())["max_length"]
        self.tokenizer = m.load_tokenizer(folder / "tokenizer.json", length)

    def labels(self, pairs: Pairs) -> np.ndarray:
        """(n, 3) probabilities."""
        logits, _ = outputs(self.session, self.tokenizer, pairs)
        raised = np.exp(logits - logits.max(1, keepdims=True))
        return raised / raised.sum(1, keepdims=True)

    def fit(self, pairs: Pairs) -> np.ndarray:
        """(n,) probabilities that the response fits the context; 0 throughout where the model has no such head."""
        _, fit = outputs(self.session, self.tokenizer, pairs)
        return np.nan_to_num(1.0 / (1.0 + np.exp(-fit)))


def features(pairs: Pairs) -> np.ndarray:
    """Overlap of words and difference in negation: what a trivial method sees."""
    rows = []
    for p, h in pairs:
        a, b = (set(re.findall(r"[a-z0-9]+", t.lower())) for t in (p, h))
        both, n = len(a & b), (bool(NOT.search(p.lower())), bool(NOT.search(h.lower())))
        rows.append([both / max(1, len(b)), both / max(1, len(a)), n[0] != n[1], n[0], n[1], "?" in p])
    return np.array(rows, float)


def baseline() -> Predict:
    """Logistic regression on overlap and negation, fitted on the handwritten training part."""
    rows = data.handwritten("train")
    fit = LogisticRegression(max_iter=1000, class_weight="balanced")
    fit.fit(features([(r["premise"], r["hypothesis"]) for r in rows]), [m.LABELS.index(r["label"]) for r in rows])
    return lambda pairs: fit.predict_proba(features(pairs))


def crossed(premises: list[str], sure: np.ndarray, wrong: np.ndarray) -> float:
    """Balanced accuracy where each half of the premises is judged at the threshold that is best for the other half."""
    half = np.array([zlib.crc32(f"half {p}".encode()) % 2 == 0 for p in premises])
    called = np.zeros(len(wrong), bool)
    for mine in (half, ~half):
        other = ~mine
        if not 0 < wrong[other].sum() < other.sum():
            return float("nan")
        steps = np.linspace(0.02, 0.98, 97)
        best = max(steps, key=lambda t: balanced_accuracy_score(wrong[other], sure[other] >= t))
        called[mine] = sure[mine] >= best
    return float(balanced_accuracy_score(wrong, called))


def three_way(rows: list[dict[str, str]], predict: Predict) -> str:
    """Accuracy, macro F1, and contradiction against the rest with its two error rates and its AUROC."""
    p = predict([(r["premise"], r["hypothesis"]) for r in rows])
    best, gold = p.argmax(1), np.array([m.LABELS.index(r["label"]) for r in rows])
    line = (
        f"n {len(rows):5d}  accuracy {(best == gold).mean():.3f}  macro F1 {f1_score(gold, best, average='macro'):.3f}"
    )
    wrong = gold == 2
    if 0 < wrong.sum() < len(gold):
        line += f"  contradiction/rest {balanced_accuracy_score(wrong, best == 2):.3f}"
        line += f" (found {(best == 2)[wrong].mean():.2f}, false {(best == 2)[~wrong].mean():.2f})"
        line += f" AUROC {roc_auc_score(wrong, p[:, 2]):.3f}"
        line += f" at a threshold of the other half's {crossed([r['premise'] for r in rows], p[:, 2], wrong):.3f}"
    if 0 < (gold == 0).sum() < len(gold):
        line += f"  entailment AUROC {roc_auc_score(gold == 0, p[:, 0]):.3f}"
    return line


def thresholds(rows: list[dict[str, str]], predict: Predict) -> str:
    """Contradictions found and false alarms at several thresholds."""
    p = predict([(r["premise"], r["hypothesis"]) for r in rows])[:, 2]
    wrong = np.array([r["label"] == "contradiction" for r in rows])
    return "  ".join(
        f"{t}: {(p > t)[wrong].mean():.2f}/{(p > t)[~wrong].mean():.2f}" for t in (0.3, 0.5, 0.7, 0.8, 0.9)
    )


def ranking(cases: list[dict[str, list[str]]], model: Model) -> Iterator[str]:
    """Pick a candidate by fit + best entailment - worst contradiction over the persona sentences.

    contradict@1: the pick contradicts the persona; hits@1: the pick is the gold reply. The "similar" candidates often fit
    the persona as well as the gold reply does, so the figures are also given without them. fit reads the last two
    utterances. The baseline is the overlap of words with the persona sentence nearest to the candidate.
    """
    counts: dict[str, Counter[str]] = {}
    alarms: dict[str, list[bool]] = {k: [] for k in KINDS}
    rng = random.Random(0)
    for case in cases:
        said = [(k, x) for k in KINDS for x in ([case[k]] if k == "gold" else case[k])]
        rng.shuffle(said)  # so that no kind wins the ties
        p = model.labels([(x, s) for _, x in said for s in case["persona"]]).reshape(len(said), -1, 3)
        fit = model.fit([(c.context(case["prefix"]), x) for _, x in said])
        for (kind, _), denied in zip(said, p[:, :, 2].max(1), strict=True):
            alarms[kind].append(bool(denied > 0.5))
        scores = {
            "fit + entailment - contradiction": fit + p[:, :, 0].max(1) - p[:, :, 2].max(1),
            "entailment - contradiction": p[:, :, 0].max(1) - p[:, :, 2].max(1),
            "fit": fit,
            "overlap": np.array([max(c.overlap(x, s) for s in case["persona"]) for _, x in said]),
        }
        for name, score in scores.items():
            for leave_out in ("", "similar"):
                left = [i for i, (k, _) in enumerate(said) if k != leave_out]
                title = name + (", no similar" if leave_out else "")
                counts.setdefault(title, Counter())[said[max(left, key=lambda i: score[i])][0]] += 1
    for title, count in counts.items():
        yield f"{title:45} contradict@1 {count['neg'] / len(cases):.3f}  hits@1 {count['gold'] / len(cases):.3f}"
    rates = "  ".join(f"{k} {np.mean(v):.3f}" for k, v in alarms.items())
    yield f"some persona sentence contradicted (over .5): {rates}"


def human(path: Path, talks: int, model: Model) -> Iterator[str]:
    """Human conversations: own attributes against those of other profiles, and true responses against others."""
    rng = random.Random(0)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    picked = rng.sample(rows, talks)
    score: dict[str, list[float]] = {"entailment": [], "overlap": []}
    truth: list[bool] = []
    denied: dict[bool, list[bool]] = {True: [], False: []}
    context, response, real, kind = [], [], [], []
    for row in picked:
        other = rng.choice([r for r in rows if r is not row])
        said = [u for who, u in row["turns"] if who == "responder"]
        held = [(a, True) for a in row["persona_responder"]] + [(a, False) for a in other["persona_responder"]]
        p = model.labels([(u, a) for a, _ in held for u in said]).reshape(len(held), len(said), 3)
        for (a, own), part in zip(held, p, strict=True):
            truth.append(own)
            score["entailment"].append(part[:, 0].max())
            score["overlap"].append(max(c.overlap(u, a) for u in said))
            denied[own] += [bool(x) for x in part[:, 2] > 0.5]
        turns = [u for _, u in row["turns"]]
        for i in range(2, len(turns)):
            others = [(turns[i], "true"), (rng.choice(rng.choice(rows)["turns"])[1], "random")]
            others += [(turns[j], "same") for j in rng.sample(range(len(turns)), 1) if abs(i - j) > 1]
            for text, name in others:
                context.append(c.context(turns[:i]))
                response.append(text)
                real.append(name == "true")
                kind.append(name)
    for name, values in score.items():
        yield f"an attribute comes through in a conversation, own/other profile, by {name}: AUROC {roc_auc_score(truth, values):.3f} (n {len(truth)})"
    yield f"utterance-attribute pairs contradicted (over .5): own {np.mean(denied[True]):.4f}, other profile {np.mean(denied[False]):.4f}"
    fit, kinds, true = model.fit(list(zip(context, response, strict=True))), np.array(kind), np.array(real)
    words = np.array(
        [len(c.words(x) & c.words(y)) / max(1, len(c.words(y))) for x, y in zip(context, response, strict=True)]
    )
    for name in ("random", "same"):
        part = (kinds == "true") | (kinds == name)
        yield (
            f"response fits, true/{name}: AUROC fit {roc_auc_score(true[part], fit[part]):.3f}, "
            f"overlap {roc_auc_score(true[part], words[part]):.3f} (n {part.sum()})"
        )


def main() -> None:
    """Command line."""
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--weights", type=Path, default=TO)
    ap.add_argument("--data", type=Path, help="folder of the measuring sets")
    ap.add_argument("--quick", action="store_true", help="a part of the measuring sets")
    ap.add_argument("--errors", action="store_true", help="print the handwritten pairs it gets wrong (training part)")
    args = ap.parse_args()
    model = Model(args.weights)
    predicts = {"model": model.labels, "overlap": baseline()}
    sets = {f"{who}, test": data.handwritten("test", who) for who in data.authors()}
    sets["handwritten, all tests"] = data.handwritten("test")
    if args.data:
        for name, part in data.open_split(args.data / "nli_snli_breaking.jsonl").items():
            sets[f"{name}, held out"] = part["test"][:: 4 if args.quick else 1]
    for title, rows in sets.items():
        for who, predict in predicts.items():
            print(f"{title:24} {who:8} {three_way(rows, predict)}", flush=True)
    for who in ("*", *data.authors()):
        print(
            f"contradictions found/false alarms over a threshold, {who}: {thresholds(data.handwritten('test', who), model.labels)}"
        )
    if args.data:
        cases = data.read_rows(args.data / "dnli_ranking.jsonl")[:: 5 if args.quick else 1]
        for line in ranking(cases, model):
            print(f"dnli_ranking ({len(cases)}) {line}", flush=True)
        for line in human(args.data / "convai2_human.jsonl", 30 if args.quick else 120, model):
            print(f"convai2_human {line}", flush=True)
    if args.errors:
        rows = data.handwritten("train")
        best = model.labels([(r["premise"], r["hypothesis"]) for r in rows]).argmax(1)
        for r, b in zip(rows, best, strict=True):
            if m.LABELS[b] != r["label"]:
                print(f"{r['label']:13} said {m.LABELS[b]:13} | {r['premise']} | {r['hypothesis']}")


if __name__ == "__main__":
    main()
