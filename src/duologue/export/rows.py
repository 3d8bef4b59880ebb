"""The native row of a conversation: plain JSON values, the same for JSONL and Parquet.

======================  ================================================================================
key                     value
======================  ================================================================================
id                      ``c-`` and 12 hex digits
split                   train, valid or test
iteration               the iteration whose candidate won, from 1
mode, model             how and with what it was generated
prompt_hash, seed       the prompt template's hash; the run's seed
pairing                 policy, score, shared: attribute ids {user_1, user_2} in a common category
user_1, user_2          id, attributes: each id, text, origin (seed, bootstrapped), category, carried: indices of
                        its owner's utterances that carry it
utterances              each speaker (1 or 2) and text, in order
evidence                each owner, attribute (id), text, utterance (index from 0), speaker, label (supported,
                        contradicted, neutral), score (probability of the label), swapped, verbatim, other; what
                        is left out has nothing in common and is neutral. ``other`` is null but for a
                        self-contradiction: the index of the speaker's earlier utterance; attribute and text are
                        empty then
coverage                user_1, user_2: share of the attributes their owner voices, in [0, 1]; null when the
                        run did not measure it
verdicts                each expert, kind, value, passed, reason, utterances: indices of those that the reason
                        speaks of, scores: one number an utterance (of ``toxicity``: how toxic, in [0, 1]), or empty
votes                   share of the quality votes it won, in [0, 1]
hand                    what people decided in a review: accepted, edited (the utterances are theirs), chosen (another
                        candidate than the Critic's), or empty
======================  ================================================================================
"""

from __future__ import annotations

from typing import Any

from duologue.records import Conversation, Evidence, Speaker
from duologue.store.codec import clean

Row = dict[str, Any]


def row_of(conversation: Conversation) -> Row:
    """Return the native row of ``conversation``; its keys stand in the module's docstring."""
    candidate = conversation.candidate
    pair = candidate.pair
    return {
        "id": conversation.id,
        "split": pair.split,
        "iteration": candidate.iteration,
        "mode": candidate.mode,
        "model": clean(candidate.model),
        "prompt_hash": candidate.prompt_hash,
        "seed": candidate.seed,
        "pairing": {
            "policy": pair.policy,
            "score": float(pair.score),
            "shared": [{"user_1": first, "user_2": second} for first, second in pair.shared],
        },
        "user_1": _user(conversation, 1),
        "user_2": _user(conversation, 2),
        "utterances": [{"speaker": i % 2 + 1, "text": clean(u)} for i, u in enumerate(candidate.utterances)],
        "evidence": evidence_rows(conversation),
        "coverage": {"user_1": coverage(conversation, 1), "user_2": coverage(conversation, 2)},
        "verdicts": [
            {
                "expert": v.expert,
                "kind": v.kind,
                "value": float(v.value),
                "passed": bool(v.passed),
                "reason": clean(v.reason),
                "utterances": list(v.utterances),
                "scores": [float(score) for score in v.scores],
            }
            for v in conversation.verdicts
        ],
        "votes": float(conversation.votes),
        "hand": conversation.hand,
    }


def coverage(conversation: Conversation, owner: Speaker) -> float | None:
    """Share of the owner's attributes that the owner's own utterances support, in [0, 1].

    None when nothing measured it: no verdict has evidence, and the faithfulness expert did not judge.
    """
    evidence = conversation.evidence
    if not evidence and all(v.expert != "faithfulness" for v in conversation.verdicts):
        return None
    ids = {a.id for a in conversation.candidate.pair.user(owner).attributes}
    voiced = {e.attribute for e in evidence if e.owner == owner and e.speaker == owner and e.label == "supported"}
    return len(ids & voiced) / len(ids) if ids else 0.0


def _user(conversation: Conversation, owner: Speaker) -> Row:
    profile = conversation.candidate.pair.user(owner)
    carried: dict[str, set[int]] = {}
    for e in conversation.evidence:
        if e.owner == e.speaker == owner and e.label == "supported":
            carried.setdefault(e.attribute, set()).add(e.utterance)
    return {
        "id": profile.id,
        "attributes": [
            {
                "id": a.id,
                "text": clean(a.text),
                "origin": a.origin,
                "category": a.category,
                "carried": sorted(carried.get(a.id, ())),
            }
            for a in profile.attributes
        ],
    }


def evidence_rows(conversation: Conversation) -> list[Row]:
    """The evidence as rows; where several experts speak of one place, a finding goes before neutral, then the surest."""
    surest: dict[tuple[object, ...], Evidence] = {}
    for item in conversation.evidence:
        key = (item.owner, item.attribute, item.utterance, item.other)
        if key not in surest or _rank(item) > _rank(surest[key]):
            surest[key] = item
    pair = conversation.candidate.pair
    texts = {(owner, a.id): a.text for owner in (1, 2) for a in pair.user(1 if owner == 1 else 2).attributes}
    return [
        {
            "owner": e.owner,
            "attribute": e.attribute,
            "text": clean(texts.get((e.owner, e.attribute), "")),
            "utterance": e.utterance,
            "speaker": e.speaker,
            "label": e.label,
            "score": float(e.score),
            "swapped": e.swapped,
            "verbatim": e.verbatim,
            "other": e.other,
        }
        for e in surest.values()
    ]


def _rank(item: Evidence) -> tuple[bool, float]:
    return item.label != "neutral", item.score
