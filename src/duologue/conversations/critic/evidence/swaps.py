"""Attributes that the wrong speaker voices: a claim that says what only the partner's profile holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from duologue.conversations.critic.evidence.cells import Cell, Features
from duologue.conversations.critic.evidence.wording import agreement, kin
from duologue.models.protocol import Embedder
from duologue.records import Attribute, Speaker

FEATURES = (
    "entails", "similarity", "stands_out", "share", "telling", "denial", "number", "third", "ground", "own", "lead", "agrees", "told", "echo",
)  # fmt: skip


def swap_features(
    found: Sequence[Cell],
    supported: Sequence[float],
    attributes: Sequence[tuple[Speaker, Attribute]],
    embedder: Embedder,
) -> list[tuple[Cell, Features]]:
    """The cells in which the partner speaks, with what tells a swap from talk.

    ``supported`` holds each cell's probability of support. ``ground`` is the similarity of the attribute to the
    nearest one of the speaker's own; ``own`` how well an own attribute explains the utterance; ``lead`` how much nearer
    the claim is to the attribute than to any of the speaker's own; ``told`` how clearly the owner has said it before;
    ``agrees`` is 1 for a sentence that merely agrees, ``echo`` for a "me too" that repeats what the partner just said.
    """
    ground = _ground(attributes, embedder)
    nearest = _nearest([c for c in found if c.owner != c.speaker], attributes, embedder)
    own: dict[int, float] = {}
    told: dict[tuple[Speaker, str], list[tuple[int, float]]] = {}
    for cell, p in zip(found, supported, strict=True):
        if cell.owner == cell.speaker:
            own[cell.utterance] = max(p, own.get(cell.utterance, 0.0))
            told.setdefault((cell.owner, cell.attribute.id), []).append((cell.utterance, p))
    rows: list[tuple[Cell, Features]] = []
    for cell in found:
        if cell.owner == cell.speaker:
            continue
        key = (cell.owner, cell.attribute.id)
        rows.append(
            (
                cell,
                {
                    **cell.features,
                    "third": float(bool(kin(cell.text) - kin(cell.attribute.text))),
                    "ground": ground[key],
                    "lead": cell.features["similarity"] - nearest[cell.speaker, cell.text],
                    "own": own.get(cell.utterance, 0.0),
                    "agrees": float(agreement(cell.text)),
                    "told": max((p for i, p in told.get(key, ()) if i < cell.utterance), default=0.0),
                },
            )
        )
    return rows


def _ground(attributes: Sequence[tuple[Speaker, Attribute]], embedder: Embedder) -> Mapping[tuple[Speaker, str], float]:
    """Similarity of each attribute to the nearest of the other user's."""
    if not attributes:
        return {}
    vectors = embedder.embed([a.text for _, a in attributes])
    near = vectors @ vectors.T
    return {
        (owner, attribute.id): max(
            (float(near[row, column]) for column, (other, _) in enumerate(attributes) if other != owner), default=0.0
        )
        for row, (owner, attribute) in enumerate(attributes)
    }


def _nearest(
    found: Sequence[Cell], attributes: Sequence[tuple[Speaker, Attribute]], embedder: Embedder
) -> Mapping[tuple[Speaker, str], float]:
    """Similarity of each claim to the nearest attribute of its speaker's own."""
    texts = list(dict.fromkeys((c.speaker, c.text) for c in found))
    if not texts:
        return {}
    vectors = embedder.embed([*(t for _, t in texts), *(a.text for _, a in attributes)])
    near = vectors[: len(texts)] @ vectors[len(texts) :].T
    return {
        (speaker, text): max(
            (float(near[row, column]) for column, (owner, _) in enumerate(attributes) if owner == speaker), default=0.0
        )
        for row, (speaker, text) in enumerate(texts)
    }
