"""Short chats with every cell marked by a language model, which wrote them too, on which nothing was fitted (``training/critic/chats_held.txt``)."""

from __future__ import annotations

from collections.abc import Iterator

from critic_sets.common import MODEL, Lab, Row, auroc, held_chats, overlap, share
from duologue.conversations.critic.guards.swap import SwapGuard

NAME = "chats_held"


def rows(lab: Lab) -> Iterator[Row]:
    """Rejected where something is wrong and where nothing is; supported cells against the rest."""
    known = held_chats()
    talks = [chat.candidate() for chat in known]
    verdicts = lab.judge("faithfulness", talks)
    guard = SwapGuard()
    for kind, chosen in (
        ("faithful, rejected (less is better)", [c.faithful for c in known]),
        ("contradicting, rejected", [bool(c.contradicted) for c in known]),
        ("swapped, rejected", [bool(c.swapped) for c in known]),
        ("self-contradicting, rejected", [bool(c.selves) for c in known]),
    ):
        of = [(t, v) for t, v, c in zip(talks, verdicts, chosen, strict=True) if c]
        yield lab.row(
            NAME, kind, "faithfulness", share([not v.passed for _, v in of]), len(of),
            trivial=("swap guard", share([not guard.check(t).passed for t, _ in of])), unit="%", labels=MODEL,
        )  # fmt: skip
    scores, simple, truth = [], [], []
    for chat, talk, verdict in zip(known, talks, verdicts, strict=True):
        sure = {
            (e.owner, e.attribute, e.utterance): e.score if e.label == "supported" else 0.5 * (1 - e.score)
            for e in verdict.evidence
            if e.other is None
        }
        for owner in (1, 2):
            for attribute in talk.pair.user(owner).attributes:
                for place, said in talk.said_by(owner):
                    if (owner, attribute.text, place) not in chat.contradicted:
                        scores.append(sure.get((owner, attribute.id, place), 0.0))
                        simple.append(overlap(attribute.text, said))
                        truth.append((owner, attribute.text, place) in chat.carried)
    yield lab.row(
        NAME, "utterance carries attribute, AUROC", "faithfulness", auroc(scores, truth), len(truth),
        trivial=("overlap", auroc(simple, truth)), labels=MODEL,
    )  # fmt: skip
