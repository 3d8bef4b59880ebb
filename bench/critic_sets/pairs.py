"""First-person pairs with three-way labels, written for this project and held out of training."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from critic_sets.common import MODEL, REPOSITORY, Lab, Row, balanced, share
from critic_sets.common import overlap as word_overlap
from duologue.conversations.critic.evidence.wording import denies

LABELS = ("entailment", "neutral", "contradiction")
FOLDER = REPOSITORY / "training" / "nli"


def rows(lab: Lab) -> Iterator[Row]:
    """Accuracy, and contradiction against the rest, of all files together and of each one; the trivial method is overlap of
    words with negation."""
    every = lab.cut(held_out())
    yield from of_pairs(lab, "written NLI pairs, held out", every)
    for file in sorted({row["file"] for row in every}):
        yield from of_pairs(lab, f"written NLI pairs, {file}", [r for r in every if r["file"] == file])


def held_out() -> list[dict[str, str]]:
    """The held-out pairs of every file, each with its ``file``."""
    found = []
    for path in sorted(FOLDER.glob("handwritten*.jsonl")):
        rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        found += [{**row, "file": path.stem} for row in rows if row["split"] != "train"]
    for path in sorted((FOLDER / "blocks").glob("*.txt")):
        found += [{**row, "file": path.stem} for row in _read_blocks(path) if row["split"] != "train"]
    return found


def _read_blocks(path: Path) -> list[dict[str, str]]:
    """As the training does, by whose rule pairs are held out; its folder is no package."""
    spec = importlib.util.spec_from_file_location("written", FOLDER / "written.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rows: list[dict[str, str]] = module.read_blocks(path)
    return rows


def of_pairs(lab: Lab, name: str, pairs: list[dict[str, str]]) -> Iterator[Row]:
    """The two rows of some pairs, by the model as it ships (int8) or the one that ``--nli`` names."""
    p = lab.context.nli.predict([(r["premise"], r["hypothesis"]) for r in pairs])
    truth = np.array([LABELS.index(r["label"]) for r in pairs])
    simple = np.array([trivial(r["premise"], r["hypothesis"]) for r in pairs])
    yield lab.row(
        name,
        "accuracy",
        "NLI model",
        share(p.argmax(1) == truth),
        len(pairs),
        trivial=("overlap and negation", share(simple == truth)),
        labels=MODEL,
    )
    yield lab.row(
        name,
        "contradiction/rest balanced accuracy",
        "NLI model",
        balanced(p.argmax(1) == 2, truth == 2),
        len(pairs),
        trivial=("overlap and negation", balanced(simple == 2, truth == 2)),
        published="BERT .884, ESIM .882 (accuracy on DNLI)",
        labels=MODEL,
    )


def trivial(premise: str, hypothesis: str) -> int:
    """Entailment where half the words are shared, contradiction where one side alone denies."""
    if word_overlap(hypothesis, premise) < 0.5:
        return 1
    return 2 if denies(premise) != denies(hypothesis) else 0
