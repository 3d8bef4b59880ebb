"""Responses to a persona (DNLI's ranking set): gold, contradicting, similar and random ones; the best is picked."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import numpy as np

from critic_sets.common import Lab, Row, auroc, overlap, share
from duologue.conversations.critic.evidence.cells import Inference, cells
from duologue.conversations.critic.evidence.heads import shipped_heads
from duologue.conversations.critic.evidence.readings import readings
from duologue.records import Attribute

KINDS = ("gold", "neg", "similar", "rand")
PUBLISHED = "overlap in the data's notes: .31, .21"


def rows(lab: Lab) -> Iterator[Row]:
    """Whether the pick contradicts, and whether it is the gold response."""
    data = lab.jsonl("dnli_ranking.jsonl")
    if data is None:
        return
    picks: dict[str, list[str]] = {}
    alarm: dict[str, list[float]] = {kind: [] for kind in KINDS}
    fit = fit_of(lab)
    rng = random.Random(lab.seed)
    for case in data:
        said = [(k, text) for k in KINDS for text in ([case[k]] if k == "gold" else case[k])]
        rng.shuffle(said)
        p = lab.context.nli.predict([(t, s) for _, t in said for s in case["persona"]]).reshape(len(said), -1, 3)
        supported, denied = matrix(lab, case, [t for _, t in said])
        follows = fit(case["prefix"], [t for _, t in said])
        scores = {
            "fit, NLI model": follows + p[:, :, 0].max(1) - p[:, :, 2].max(1),
            "NLI model": p[:, :, 0].max(1) - p[:, :, 2].max(1),
            "evidence matrix": supported - 4 * denied,
            "fit, evidence matrix": follows + supported - 4 * denied,
            "overlap": np.array([max(overlap(s, t) for s in case["persona"]) for _, t in said]),
        }
        for name, score in scores.items():
            picks.setdefault(name, []).append(said[int(np.argmax(score))][0])
        for (kind, _), value in zip(said, denied, strict=True):
            alarm[kind].append(float(value))
    n = len(data)
    for name, picked in picks.items():
        if name == "overlap":
            continue
        simple = picks["overlap"]
        yield lab.row(
            "dnli_ranking",
            "contradict@1 (less is better)",
            name,
            share([k == "neg" for k in picked]),
            n,
            trivial=("overlap", share([k == "neg" for k in simple])),
            published=PUBLISHED,
        )
        yield lab.row(
            "dnli_ranking",
            "hits@1",
            name,
            share([k == "gold" for k in picked]),
            n,
            trivial=("overlap", share([k == "gold" for k in simple])),
        )
    for kind in ("gold", "rand"):
        both = alarm["neg"] + alarm[kind]
        yield lab.row(
            "dnli_ranking",
            f"contradicting against {kind}, AUROC",
            "evidence matrix",
            auroc(both, [i < len(alarm["neg"]) for i in range(len(both))]),
            len(both),
        )
    at = lab.config.contradiction
    for kind in KINDS:
        yield lab.row(
            "dnli_ranking",
            f"{kind} responses called a contradiction",
            "evidence matrix",
            share([v >= at for v in alarm[kind]]),
            len(alarm[kind]),
            unit="%",
        )


def matrix(lab: Lab, case: dict, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(probability that the response carries the persona, that it contradicts it), each the greatest over it."""
    head = shipped_heads().cell
    held = [(2, Attribute.of(s)) for s in case["persona"]]
    before = case["prefix"][-1] if case["prefix"] else ""
    inference = Inference(lab.context.nli)
    rows = []
    for text in texts:
        found = cells(held, readings((before, text), 1), lab.context.embedder, inference)
        p = head.probabilities([c.features for c in found])
        rows.append(p.max(0) if len(p) else np.array([1.0, 0.0, 0.0]))
    table = np.array(rows)
    return table[:, head.classes.index("supported")], table[:, head.classes.index("contradicted")]


def fit_of(lab: Lab):
    """How well each response follows the history: the fit model where there is one, else similarity of vectors."""
    try:
        from duologue.models.nli import fit_context, load_fit

        model = load_fit("builtin")
        return lambda prefix, texts: model.score([(fit_context(prefix), t) for t in texts])
    except Exception:

        def near(prefix: Sequence[str], texts: Sequence[str]) -> np.ndarray:
            vectors = lab.context.embedder.embed([" ".join(prefix[-1:]), *texts])
            return vectors[1:] @ vectors[0]

        return near
