"""Persona use in a response: does it draw on the profile of who says it? On marks set one by one, and on a proxy.

The set that the target was set on (people's ratings of persona use) is not at hand. The nearest to it are the responses
of ``training/critic/chats_held.txt``, on which nothing was fitted: a response uses its speaker's profile where a mark says
that it carries, implies or denies one of its attributes. The proxy shows a response of a person (ConvAI2) with their own
profile or with a stranger's. Most responses there use no persona at all, so no method can come near 1 on all of them; its
second measure keeps the responses that share words with either profile. Each gives the trivial method the same cases.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from critic_sets.common import Lab, Row, auroc, held_chats, overlap
from duologue.conversations.critic.evidence.heads import shipped_heads
from duologue.conversations.critic.evidence.matrix import persona_use

NAME = "convai2_human, persona use (proxy)"
MARKED = "chats_held, persona use"
TALKS = 60
"""Conversations at most; two responses of each."""


def rows(lab: Lab) -> Iterator[Row]:
    """AUROC of responses that use the profile against others, and of own against other profile."""
    yield from _marked(lab)
    yield from _proxy(lab)


def _marked(lab: Lab) -> Iterator[Row]:
    scores, simple, truth = [], [], []
    for chat in lab.cut(held_chats()):
        marked = {(owner, place) for owner, _, place in chat.carried | chat.faint | chat.contradicted}
        for place, response in enumerate(chat.utterances):
            owner = place % 2 + 1
            profile = chat.users[owner - 1]
            scores.append(_use(lab, profile, response, chat.utterances[place - 1] if place else ""))
            simple.append(max(overlap(a, response) for a in profile))
            truth.append((owner, place) in marked)
    yield _row(lab, MARKED, "a response uses its speaker's profile, AUROC", scores, simple, truth)


def _proxy(lab: Lab) -> Iterator[Row]:
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
                scores.append(_use(lab, profile["persona_responder"], response, before))
                simple.append(words)
                truth.append(own)
                touched.append(max(near) > 0)
    yield _row(lab, NAME, "own or other profile, AUROC", scores, simple, truth)
    chosen = [i for i, t in enumerate(touched) if t]
    yield _row(
        lab,
        NAME,
        "the same where words are shared, AUROC",
        *([of[i] for i in chosen] for of in (scores, simple, truth)),
    )


def _use(lab: Lab, profile: Sequence[str], response: str, before: str) -> float:
    models = {"embedder": lab.context.embedder, "nli": lab.context.nli}
    return persona_use(profile, response, before=before, heads=shipped_heads(), **models)


def _row(lab: Lab, name: str, measure: str, scores: list[float], simple: list[float], truth: list[bool]) -> Row:
    return lab.row(
        name, measure, "faithfulness", auroc(scores, truth), len(truth),
        trivial=("overlap", auroc(simple, truth)), published="overlap .86 on rated responses, a set not at hand",
    )  # fmt: skip
