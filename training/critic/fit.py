"""Fits the heads of the evidence matrix on the conversations written for this project and writes them with their figures.

``python fit.py [--cache FILE] [--out FOLDER] [--nli NAME] [--only cell]``: about 30,000 inference pairs the first time,
which ``--cache`` keeps. Folds hold whole conversations with all their variants; every figure is from the folds.
``--only cell`` fits that head alone and keeps the other two as they are in the folder.
"""

from __future__ import annotations

import argparse
import json
import pickle
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from data import Labelled, chats, contraries, conversations, foreign, moved, reversed_words
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from duologue.conversations.critic.evidence import own_words, swaps
from duologue.conversations.critic.evidence.cells import Cell, Inference, cells
from duologue.conversations.critic.evidence.own_words import ClaimPair, claim_pairs
from duologue.conversations.critic.evidence.readings import readings
from duologue.models.embedder import load_embedder
from duologue.models.nli import load_nli

FOLDS = 8
CELL = (
    "entails", "entails_sure", "contradicts", "contradicts_sure", "contradicts_here", "contradicts_claim", "similarity", "stands_out",
    "share", "telling", "denial", "number", "clash", "same_fact",
)  # fmt: skip
ALARMS = {"contradicted": 0.02, "swap": 0.01, "self-contradiction": 0.01}
"""Share of faithful conversations, unknown to the NLI model, that each kind of finding may wrongly be made in. The bias is shifted so
that a probability of 0.5 makes it so: the training data has far more contradictions and swaps than real conversations."""


@dataclass
class Seen:
    """One conversation with its cells and claim pairs."""

    what: Labelled
    cells: list[Cell]
    pairs: list[ClaimPair]


class Cached:
    """An NLI model whose answers are kept in a file."""

    def __init__(self, name: str, path: Path | None) -> None:
        self.inner = load_nli(name)
        self.name = self.inner.name
        self.path = path
        self.known = pickle.loads(path.read_bytes()) if path and path.is_file() else {}
        self.known = self.known if self.known.get("") == self.name else {"": self.name}
        self.new = 0

    def predict(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """See the Protocol."""
        missing = [p for p in dict.fromkeys(pairs) if p not in self.known]
        for pair, row in zip(missing, self.inner.predict(missing) if missing else (), strict=True):
            self.known[pair] = tuple(map(float, row))
        self.new += len(missing)
        if self.new > 400:
            self.save()
        return np.array([self.known[p] for p in pairs], dtype=np.float32).reshape(len(pairs), 3)

    def save(self) -> None:
        """Write the file."""
        if self.path and self.new:
            self.path.write_bytes(pickle.dumps(self.known))
            self.new = 0


def see(what: Iterable[Labelled], embedder, nli, *, pairs: bool = True) -> list[Seen]:
    """Compute cells and claim pairs."""
    found = []
    for labelled in what:
        candidate = labelled.candidate()
        said = [r for i in range(len(candidate.utterances)) for r in readings(candidate.utterances, i)]
        attributes = [(o, a) for o in (1, 2) for a in candidate.pair.user(o).attributes]
        if labelled.focus is not None:
            attributes = [(o, a) for o, a in attributes if (o, a.text) in labelled.focus]
        inference = Inference(nli)
        found.append(
            Seen(
                labelled,
                cells(attributes, said, embedder, inference),
                claim_pairs(said, embedder, inference) if pairs else [],
            )
        )
    return found


class Rows:
    """Feature rows with labels, groups and weights."""

    def __init__(self) -> None:
        self.x: list[dict[str, float]] = []
        self.y: list[int] = []
        self.group: list[str] = []
        self.sound: list[bool] = []
        self.fresh: list[bool] = []

    def add(self, features: dict[str, float], label: int, what: Labelled, *, sound: bool) -> None:
        """``what`` tells the group; ``sound`` is whether its conversation holds nothing of the kind that is looked for."""
        self.x.append(dict(features))
        self.y.append(label)
        self.group.append(what.group)
        self.sound.append(sound and "/" not in what.id)
        self.fresh.append(what.fresh)

    def judges(self) -> np.ndarray:
        """The rows that thresholds are set by: from sound conversations that the NLI model has not learnt from."""
        return np.array(self.sound) & np.array(self.fresh)


def cell_rows(seen: Iterable[Seen]) -> Rows:
    """0 neutral, 1 supported, 2 contradicted; own cells that are labelled."""
    rows = Rows()
    for one in seen:
        changed = {c[:2] for c in one.what.contradicted} if "/contrary" in one.what.id else None
        for cell in one.cells:
            key = (cell.owner, cell.attribute.text, cell.utterance)
            if cell.owner != cell.speaker or key in one.what.faint:
                continue
            if changed is not None and key[:2] not in changed:
                continue
            if "/reversed" in one.what.id and key not in one.what.contradicted:
                continue
            label = 1 if key in one.what.carried else 2 if key in one.what.contradicted else 0
            rows.add(cell.features, label, one.what, sound=not one.what.contradicted)
    return rows


def swap_rows(seen: Iterable[Seen], head: dict, embedder) -> Rows:
    """0 neutral, 1 swap; the partner's cells."""
    rows = Rows()
    for one in seen:
        supported = apply(head, [c.features for c in one.cells])[:, 1]
        candidate = one.what.candidate()
        attributes = [(o, a) for o in (1, 2) for a in candidate.pair.user(o).attributes]
        for cell, features in swaps.swap_features(one.cells, supported.tolist(), attributes, embedder):
            key = (cell.owner, cell.attribute.text, cell.utterance)
            label = int(key in one.what.swapped)
            if key in one.what.faint or ("/moved" in one.what.id and not label):
                continue
            rows.add(dict(features), label, one.what, sound=not one.what.swapped)
    return rows


def own_rows(seen: Iterable[Seen]) -> Rows:
    """0 consistent, 1 contradicted; of a contradicting pair of utterances the nearest pair of claims."""
    rows = Rows()
    for one in seen:
        best: dict[tuple[int, int], ClaimPair] = {}
        for pair in one.pairs:
            key = (pair.first.utterance, pair.second.utterance)
            if key in one.what.selves:
                if key not in best or score(pair) > score(best[key]):
                    best[key] = pair
            elif not one.what.selves:
                rows.add(dict(pair.features), 0, one.what, sound=True)
        for pair in best.values():
            rows.add(dict(pair.features), 1, one.what, sound=False)
    return rows


def score(pair: ClaimPair) -> float:
    """Which pair of sentences is meant by a label on utterances."""
    return pair.features["contradicts"] + 4 * pair.features["similarity"] + 4 * pair.features["clash"]


def fit(
    x: np.ndarray, y: np.ndarray, features: Sequence[str], classes: Sequence[str], *, strength: float = 1.0
) -> dict:
    """A head as plain data."""
    mean, scale = x.mean(0), x.std(0) + 1e-6
    model = LogisticRegression(C=strength, max_iter=5000).fit((x - mean) / scale, y)
    weights, bias = model.coef_, model.intercept_
    if len(classes) == 2:
        weights, bias = np.vstack([np.zeros_like(weights), weights]), np.array([0.0, *bias])
    return {
        "features": list(features),
        "classes": list(classes),
        "mean": mean.round(5).tolist(),
        "scale": scale.round(5).tolist(),
        "weights": weights.round(4).tolist(),
        "bias": bias.round(4).tolist(),
    }


def apply(head: dict, rows: Sequence[dict[str, float]]) -> np.ndarray:
    """Probabilities, (rows, classes)."""
    from duologue.conversations.critic.evidence.heads import Head

    return Head.of(head).probabilities(rows)


def folds(groups: Sequence[str]) -> np.ndarray:
    """The fold of each row, by its group."""
    names = sorted(set(groups))
    order = np.random.default_rng(0).permutation(len(names))
    place = {name: int(order[i]) % FOLDS for i, name in enumerate(names)}
    return np.array([place[g] for g in groups])


def cross(rows: Rows, features: Sequence[str], classes: Sequence[str]) -> tuple[np.ndarray, dict]:
    """(out-of-fold probabilities, the head fitted on everything)."""
    x = np.array([[r[f] for f in features] for r in rows.x])
    y, place = np.array(rows.y), folds(rows.group)
    p = np.zeros((len(y), len(classes)), dtype=np.float32)
    for fold in range(FOLDS):
        train, test = place != fold, place == fold
        head = fit(x[train], y[train], features, classes)
        p[test] = apply(head, [rows.x[i] for i in np.flatnonzero(test)])
    return p, fit(x, y, features, classes)


def alarms(p: np.ndarray, groups: Sequence[str], t: float) -> float:
    """Share of conversations with a row at or over ``t``."""
    return len({g for g, hit in zip(groups, p >= t, strict=True) if hit}) / len(set(groups))


def threshold(p: np.ndarray, groups: Sequence[str], share: float) -> float:
    """The least threshold at which at most ``share`` of faithful conversations have an alarm."""
    highest: dict[str, float] = {}
    for group, value in zip(groups, p.tolist(), strict=True):
        highest[group] = max(value, highest.get(group, 0.0))
    ordered = sorted(highest.values(), reverse=True)
    allowed = int(share * len(ordered))
    return (ordered[allowed] + ordered[max(0, allowed - 1)]) / 2


def shifted(head: dict, name: str, t: float) -> dict:
    """The head with the bias of a class moved so that what had probability ``t`` has 0.5."""
    index = head["classes"].index(name)
    bias = list(head["bias"])
    bias[index] = round(bias[index] - float(np.log(t / (1 - t))), 4)
    return head | {"bias": bias}


def report(
    name: str, p: np.ndarray, y: np.ndarray, sound: np.ndarray, groups: Sequence[str], t: float
) -> dict[str, object]:
    """Area under the curves, and recall beside false alarms around the threshold."""
    held = [g for g, s in zip(groups, sound, strict=True) if s]
    figures: dict[str, object] = {
        "n": len(y), "found": int(y.sum()), "auroc": round(float(roc_auc_score(y, p)), 3),
        "average_precision": round(float(average_precision_score(y, p)), 3),
    }  # fmt: skip
    odds = t / (1 - t)
    for label, factor in (("0.25", 1 / 3), ("0.5", 1.0), ("0.75", 3.0)):
        at = odds * factor / (1 + odds * factor)
        figures[f"at {label}"] = {
            "recall": round(float((p[y] >= at).mean()), 3), "false_alarms": round(alarms(p[sound], held, at), 3),
        }  # fmt: skip
    print(name, figures, flush=True)
    return figures


Gathered = Mapping[str, Sequence[Seen]]
"""Seen conversations by kind; a kind that a head does not need may be missing."""
Result = tuple[dict, dict[str, object]]
"""A head and its figures."""


def gather(embedder, nli, kinds: Collection[str]) -> Gathered:
    """Compute the ``kinds`` asked for."""
    known = conversations()
    labelled = {name: c for name, c in known.items() if c.complete}
    made: dict[str, Callable[[], Iterable[Labelled]]] = {
        "base": labelled.values,
        "rest": lambda: (c for c in known.values() if not c.complete),
        "chats": chats,
        "contrary": lambda: contraries(labelled),
        "foreign": lambda: foreign(labelled),
        "moved": lambda: moved(labelled),
        "reversed": lambda: reversed_words(labelled),
    }
    found = {}
    for kind in kinds:
        found[kind] = see(made[kind](), embedder, nli, pairs=kind not in ("contrary", "foreign", "moved"))
        print(f"{kind}: {len(found[kind])} conversations", flush=True)
    nli.save()
    return found


def fit_cell(seen: Gathered) -> tuple[dict, dict[str, object]]:
    """The head of the cells, and its figures by class."""
    rows = cell_rows([s for kind in ("base", "chats", "contrary", "foreign", "reversed") for s in seen.get(kind, ())])
    p, cell = cross(rows, CELL, ("neutral", "supported", "contradicted"))
    y, fresh, groups = np.array(rows.y), np.array(rows.fresh), np.array(rows.group)
    held = rows.judges()
    t = threshold(p[held, 2], [g for g, h in zip(rows.group, held, strict=True) if h], ALARMS["contradicted"])
    figures = {
        "supported": report("supported", p[:, 1], y == 1, held & (y == 0), rows.group, 0.5),
        "contradicted": report("contradicted", p[:, 2], y == 2, held, rows.group, t),
        "contradicted, not learnt": report(
            "contradicted, not learnt", *(a[fresh] for a in (p[:, 2], y == 2, held)), groups[fresh], t
        ),
    }
    looked = [s for kind in ("base", "chats") for s in seen[kind]]
    there = sum((c.owner, c.attribute.text, c.utterance) in s.what.carried for s in looked for c in s.cells)
    print(f"carried cells that are looked at: {there} of {sum(len(s.what.carried) for s in looked)}")
    return shifted(cell, "contradicted", t), figures


def fit_swap(seen: Gathered, cell: dict, embedder) -> Result:
    """The head of the swaps, which reads what the cells' head says."""
    rows = swap_rows([s for kind in ("base", "rest", "chats", "moved") for s in seen[kind]], cell, embedder)
    p, swap = cross(rows, swaps.FEATURES, ("neutral", "swap"))
    y, held = np.array(rows.y), rows.judges()
    t = threshold(p[held, 1], [g for g, h in zip(rows.group, held, strict=True) if h], ALARMS["swap"])
    return shifted(swap, "swap", t), report("swap", p[:, 1], y == 1, held, rows.group, t)


def fit_own(seen: Gathered) -> Result:
    """The head of the self-contradictions."""
    rows = own_rows([s for kind in ("base", "rest", "chats", "reversed") for s in seen[kind]])
    p, own = cross(rows, own_words.FEATURES, ("consistent", "contradicted"))
    y, held = np.array(rows.y), rows.judges()
    t = threshold(p[held, 1], [g for g, h in zip(rows.group, held, strict=True) if h], ALARMS["self-contradiction"])
    return shifted(own, "contradicted", t), report("self-contradiction", p[:, 1], y == 1, held, rows.group, t)


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--nli", default="builtin")
    parser.add_argument("--only", choices=("cell",), help="fit this head alone and keep the others")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[2] / "src" / "duologue" / "weights" / "evidence"
    )
    args = parser.parse_args()
    embedder, nli = load_embedder("minilm"), Cached(args.nli, args.cache)
    kinds = ["base", "rest", "chats", "contrary", "foreign", "reversed", "moved"]
    seen = gather(embedder, nli, kinds[:-1] if args.only else kinds)
    data = json.loads((args.out / "heads.json").read_text()) if args.only else {"figures": {}}
    data["nli"] = nli.name
    data["cell"], figures = fit_cell(seen)
    data["figures"] |= figures
    if not args.only:
        data["swap"], data["figures"]["swap"] = fit_swap(seen, data["cell"], embedder)
        data["own"], data["figures"]["self-contradiction"] = fit_own(seen)
    write(data, args.out)


def write(data: dict, folder: Path) -> None:
    """Write ``heads.json`` and print the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    order = ("nli", "cell", "swap", "own", "figures")
    (folder / "heads.json").write_text(json.dumps({name: data[name] for name in order}, indent=1) + "\n")
    for name in ("cell", "swap", "own"):
        head = data[name]
        shown = {f: [round(w[i], 2) for w in head["weights"]] for i, f in enumerate(head["features"])}
        print(name, shown, head["bias"])


if __name__ == "__main__":
    main()
