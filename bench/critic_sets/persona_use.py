"""Persona use in a response: does it draw on the profile that is shown? A proxy made from human conversations (ConvAI2).

The set that the target was set on (people's ratings of persona use) is not at hand. Here each response of a person is
shown with their own profile or with a stranger's. Most responses use no persona at all, so no method can come near 1 on
all of them; the second measure keeps the responses of which the profile's owner says something, by shared words of
either profile, and is nearer to a rating of use. Both give the trivial method the same cases.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from critic_sets.common import Lab, Row, auroc, overlap
from duologue.conversations.critic.evidence.heads import shipped_heads
from duologue.conversations.critic.evidence.matrix import persona_use

NAME = "convai2_human, persona use (proxy)"
TALKS = 60
"""Conversations at most; two responses of each."""


def rows(lab: Lab) -> Iterator[Row]:
    """AUROC of own against other profile."""
    data = lab.jsonl("convai2_human.jsonl")
    if data is None:
        return
    rng = random.Random(lab.seed)
    scores, simple, truth, touched = [], [], [], []
    for row in rng.sample(data, min(TALKS, len(data))):
        stranger = rng.choice([r for r in data if not set(r["persona_responder"]) & set(row["persona_responder"])])
        places = [i for i, (who, text) in enumerate(row["turns"]) if who == "responder" and len(text.split()) >= 5]
        for place in rng.sample(places, min(2, len(places))):
            before = row["turns"][place - 1][1] if place else ""
            response = row["turns"][place][1]
            near = [max(overlap(a, response) for a in p["persona_responder"]) for p in (row, stranger)]
            for profile, own, words in zip((row, stranger), (True, False), near, strict=True):
                scores.append(
                    persona_use(
                        profile["persona_responder"], response, before=before,
                        embedder=lab.context.embedder, nli=lab.context.nli, heads=shipped_heads(),
                    )
                )  # fmt: skip
                simple.append(words)
                truth.append(own)
                touched.append(max(near) > 0)
    yield _row(lab, "own or other profile, AUROC", scores, simple, truth)
    chosen = [i for i, t in enumerate(touched) if t]
    yield _row(
        lab,
        "the same where words are shared, AUROC",
        *([of[i] for i in chosen] for of in (scores, simple, truth)),
    )


def _row(lab: Lab, measure: str, scores: list[float], simple: list[float], truth: list[bool]) -> Row:
    return lab.row(
        NAME, measure, "faithfulness", auroc(scores, truth), len(truth),
        trivial=("overlap", auroc(simple, truth)), published="overlap .86 on rated responses, a set not at hand",
    )  # fmt: skip
