"""Human conversations with both profiles (ConvAI2): faithful by origin, unfaithful with the profiles exchanged."""

from __future__ import annotations

from collections.abc import Iterator

from critic_sets.common import Lab, Row, candidate, exchanged, overlap, share
from duologue.conversations.critic.guards.swap import SwapGuard
from duologue.models.toxicity import load_toxicity
from duologue.records import Candidate, Verdict

NAME = "convai2_human"


def rows(lab: Lab) -> Iterator[Row]:
    """False rejects, exchanged profiles caught, coverage; the trivial method is the swap guard or word overlap."""
    data = lab.jsonl("convai2_human.jsonl")
    if data is None:
        return
    talks = [talk(row) for row in data]
    verdicts = lab.judge("faithfulness", talks)
    guard = SwapGuard()
    yield lab.row(
        NAME,
        "wrongly rejected (less is better)",
        "faithfulness",
        share([not v.passed for v in verdicts]),
        len(talks),
        trivial=("swap guard", share([not guard.check(t).passed for t in talks])),
        unit="%",
    )
    for kind in ("contradiction", "swap", "self-contradiction"):
        yield lab.row(
            NAME,
            f"rejected for a {kind}",
            "faithfulness",
            share([kind in kinds(v) for v in verdicts]),
            len(talks),
            unit="%",
        )
    turned = [exchanged(t) for t in talks]
    yield lab.row(
        NAME,
        "rejected with profiles exchanged",
        "faithfulness",
        share([not v.passed for v in lab.judge("faithfulness", turned)]),
        len(talks),
        trivial=("swap guard", share([not guard.check(t).passed for t in turned])),
        unit="%",
    )
    found = [coverage(t, v.evidence) for t, v in zip(talks, verdicts, strict=True)]
    words = [lexical(t) for t in talks]
    yield lab.row(
        NAME,
        "attributes that come through",
        "faithfulness",
        lambda index: float(sum(found[i][0] for i in index) / sum(found[i][1] for i in index)),
        len(talks),
        trivial=(
            "half their content words",
            lambda index: float(sum(words[i][0] for i in index) / sum(words[i][1] for i in index)),
        ),
        unit="%",
    )
    if "toxicity" in lab.filters:
        words = load_toxicity("wordlist")
        yield lab.row(
            NAME,
            "conversations rejected as toxic (less is better)",
            "toxicity",
            share([not v.passed for v in lab.judge("toxicity", talks)]),
            len(talks),
            trivial=(
                "word list",
                share([bool((words.score(t.utterances) > lab.config.toxicity).any()) for t in talks]),
            ),
            unit="%",
        )


def kinds(verdict: Verdict) -> set[str]:
    """The kinds of all that a verdict's evidence finds wrong; its reason names three findings at most."""
    named = {
        "contradiction": lambda e: e.label == "contradicted" and not e.against_self,
        "swap": lambda e: e.swapped,
        "self-contradiction": lambda e: e.against_self,
    }
    return {kind for kind, holds in named.items() if any(map(holds, verdict.evidence))}


def talk(row: dict) -> Candidate:
    """One conversation; whoever speaks first is User 1."""
    first = row["turns"][0][0]
    one, two = (
        (row["persona_partner"], row["persona_responder"])
        if first == "partner"
        else (row["persona_responder"], row["persona_partner"])
    )
    merged: list[list[str]] = []
    for who, text in row["turns"]:
        if merged and merged[-1][0] == who:
            merged[-1][1] += " " + text
        else:
            merged.append([who, text])
    return candidate(one, two, [text for _, text in merged], row["id"])


def coverage(talk: Candidate, evidence: tuple) -> tuple[int, int]:
    """(attributes that their owner carries, attributes)."""
    told = {(e.owner, e.attribute) for e in evidence if e.label == "supported" and e.owner == e.speaker}
    held = {(s, a.id) for s in (1, 2) for a in talk.pair.user(s).attributes}
    return len(told & held), len(held)


def lexical(talk: Candidate) -> tuple[int, int]:
    """The same by words alone: half of an attribute's content words in one utterance of its owner."""
    held = [(s, a) for s in (1, 2) for a in talk.pair.user(s).attributes]
    return sum(any(overlap(a.text, u) >= 0.5 for _, u in talk.said_by(s)) for s, a in held), len(held)
