"""Self-contradiction (DECODE): the last turn against what its speaker said before."""

from __future__ import annotations

from collections.abc import Iterator

from critic_sets.common import Lab, Row, auroc, overlap, share
from duologue.conversations.critic.evidence.cells import Inference
from duologue.conversations.critic.evidence.heads import shipped_heads
from duologue.conversations.critic.evidence.own_words import claim_pairs
from duologue.conversations.critic.evidence.readings import readings


def rows(lab: Lab) -> Iterator[Row]:
    """AUROC of the last turns of contradicting against those of consistent talks; overlap of words is the trivial one."""
    data = lab.jsonl("decode_pairs.jsonl")
    if data is None:
        return
    talks = [
        [line.split(": ", 1)[-1] for line in row[kind]] for row in data for kind in ("contradiction", "consistent")
    ]
    truth = [i % 2 == 0 for i in range(len(talks))]
    scores = [last_turn(lab, talk) for talk in talks]
    simple = [max((overlap(u, talk[-1]) for u in talk[:-1][-2::-2]), default=0.0) for talk in talks]
    yield lab.row(
        "decode_pairs",
        "self-contradiction in the last turn, AUROC",
        "faithfulness",
        auroc(scores, truth),
        len(talks),
        trivial=("overlap with own turns", auroc(simple, truth)),
        published="(length alone separates the pairs)",
    )
    at = lab.config.self_contradiction
    for kind, wanted in (("found", True), ("wrongly found (less is better)", False)):
        of = [s >= at for s, t in zip(scores, truth, strict=True) if t == wanted]
        yield lab.row("decode_pairs", kind, "faithfulness", share(of), len(of), unit="%")


def last_turn(lab: Lab, talk: list[str]) -> float:
    """Probability that a claim of the last turn contradicts an earlier one of its speaker."""
    said = [r for i in range(len(talk)) for r in readings(talk, i)]
    head = shipped_heads().own
    pairs = [
        p
        for p in claim_pairs(said, lab.context.embedder, Inference(lab.context.nli))
        if p.second.utterance == len(talk) - 1 and p.first.utterance < len(talk) - 1
    ]
    if not pairs:
        return 0.0
    return float(head.probabilities([p.features for p in pairs])[:, head.classes.index("contradicted")].max())
