"""First-person pairs with three-way labels, written for this project and held out of training."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from critic_sets.common import REPOSITORY, Lab, Row, balanced, share
from critic_sets.common import overlap as word_overlap
from duologue.conversations.critic.evidence.wording import denies

LABELS = ("entailment", "neutral", "contradiction")


def rows(lab: Lab) -> Iterator[Row]:
    """Accuracy, and contradiction against the rest; the trivial method is overlap of words with negation."""
    pairs = [
        row
        for path in sorted((REPOSITORY / "training" / "nli").glob("handwritten*.jsonl"))
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())
        if row["split"] != "train"
    ]
    pairs = lab.cut(pairs)
    p = lab.context.nli.predict([(r["premise"], r["hypothesis"]) for r in pairs])
    truth = np.array([LABELS.index(r["label"]) for r in pairs])
    simple = np.array([trivial(r["premise"], r["hypothesis"]) for r in pairs])
    yield lab.row(
        "handwritten NLI, held out",
        "accuracy",
        "NLI model",
        share(p.argmax(1) == truth),
        len(pairs),
        trivial=("overlap and negation", share(simple == truth)),
    )
    yield lab.row(
        "handwritten NLI, held out",
        "contradiction/rest balanced accuracy",
        "NLI model",
        balanced(p.argmax(1) == 2, truth == 2),
        len(pairs),
        trivial=("overlap and negation", balanced(simple == 2, truth == 2)),
        published="BERT .884, ESIM .882 (accuracy on DNLI)",
    )


def trivial(premise: str, hypothesis: str) -> int:
    """Entailment where half the words are shared, contradiction where one side alone denies."""
    if word_overlap(hypothesis, premise) < 0.5:
        return 1
    return 2 if denies(premise) != denies(hypothesis) else 0
