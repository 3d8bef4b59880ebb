"""The faithful and unfaithful conversations that ship with duologue, written and labelled by a language model."""

from __future__ import annotations

from collections.abc import Iterator

from critic_sets.common import MODEL, Lab, Row, candidate, share
from duologue.conversations.critic.experts.faithfulness_judge import shipped_examples
from duologue.conversations.critic.guards.swap import SwapGuard

NAME = "faithfulness examples"


def rows(lab: Lab) -> Iterator[Row]:
    """Share rejected, by kind."""
    examples = shipped_examples()
    talks = [candidate(e.user_1, e.user_2, e.utterances, e.id) for e in examples]
    verdicts = lab.judge("faithfulness", talks)
    guard = SwapGuard()
    kinds = {"faithful (less is better)": [e.label == "faithful" for e in examples]}
    for kind in sorted({e.kind for e in examples if e.label == "unfaithful"}):
        kinds[kind] = [e.label == "unfaithful" and e.kind == kind for e in examples]
    for kind, chosen in kinds.items():
        of = [(t, v) for t, v, c in zip(talks, verdicts, chosen, strict=True) if c]
        yield lab.row(
            NAME,
            f"rejected: {kind}",
            "faithfulness",
            share([not v.passed for _, v in of]),
            len(of),
            trivial=("swap guard", share([not guard.check(t).passed for t, _ in of])),
            unit="%",
            labels=MODEL,
        )
