"""The experts that ask a language model, on the sets that the embedded ones are measured on; nothing without ``--judge``.

At most ``MOST`` rows of a set (``--limit`` sets another number), drawn at random, for every row is a call or more. The
trivial methods are those of the embedded experts. ``faithfulness-llm`` is shown examples that ship with duologue, so
these are no set here.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence

import numpy as np

from critic_sets.common import Lab, NoJudge, Row, auroc, candidate, exchanged, held_chats, share, word_count
from critic_sets.human_talk import talk
from critic_sets.quality import talk_of
from duologue.conversations.critic import registry
from duologue.conversations.critic.experts.quality_judge import ASPECTS
from duologue.conversations.critic.guards.swap import SwapGuard
from duologue.models.toxicity import load_toxicity
from duologue.records import Candidate, Comparison, Verdict

MOST = 50
FAITHFUL = ("faithfulness-formal", "faithfulness-llm")


def rows(lab: Lab) -> Iterator[Row]:
    """Faithfulness and toxicity of human talk, faithfulness of the held-out chats, toxic utterances, pairs by quality."""
    if isinstance(lab.context.judge, NoJudge):
        return
    yield from faithfulness(lab)
    yield from toxicity(lab)
    yield from quality(lab)


def said(lab: Lab, name: str, talks: Sequence[Candidate]) -> list[Verdict]:
    """What a filter says of each talk, asked side by side."""
    expert = registry.FILTERS[name](lab.context)

    async def all_of() -> list[Verdict]:
        return list(await asyncio.gather(*(expert.judge(t) for t in talks)))

    return asyncio.run(all_of())


def faithfulness(lab: Lab) -> Iterator[Row]:
    """Share rejected where profiles are the speakers' own, where they are exchanged, and of the held-out chats."""
    guard = SwapGuard()
    human = [talk(row) for row in some(lab, lab.jsonl("convai2_human.jsonl") or [])]
    chats = held_chats()
    sets = {
        ("convai2_human", "wrongly rejected (less is better)"): human,
        ("convai2_human", "rejected with profiles exchanged"): [exchanged(t) for t in human],
        ("chats_held", "faithful, rejected (less is better)"): [c.candidate() for c in chats if c.faithful],
        ("chats_held", "contradicting, rejected"): [c.candidate() for c in chats if c.contradicted],
        ("chats_held", "swapped, rejected"): [c.candidate() for c in chats if c.swapped],
    }
    names = [n for n in FAITHFUL if n != "faithfulness-formal" or lab.context.judge.features.scoring]
    for (of, measure), talks in sets.items():
        for name in names if talks else ():
            refused = share([not v.passed for v in said(lab, name, talks)])
            simple = share([not guard.check(t).passed for t in talks])
            yield lab.row(of, measure, shown(lab, name), refused, len(talks), trivial=("swap guard", simple), unit="%")


def toxicity(lab: Lab) -> Iterator[Row]:
    """Human talks rejected, and AUROC of single utterances after what was said before, by set."""
    name = "toxicity-llm"
    human = [talk(row) for row in some(lab, lab.jsonl("convai2_human.jsonl") or [])]
    if human:
        refused = share([not v.passed for v in said(lab, name, human)])
        yield lab.row(
            "convai2_human", "rejected as toxic (less is better)", shown(lab, name), refused, len(human), unit="%"
        )
    data = lab.jsonl("toxicity_dev.jsonl") or []
    words = load_toxicity("wordlist")
    for of in sorted({row["set"] for row in data}):
        part = some(lab, [row for row in data if row["set"] == of])
        truth = [bool(row["label"]) for row in part]
        if len(set(truth)) < 2:
            continue
        talks = [candidate((), (), [u for u in (r["context"], r["text"]) if u], str(i)) for i, r in enumerate(part)]
        scores = [1.0 - v.value for v in said(lab, name, talks)]
        simple = words.score([row["text"] for row in part]).tolist()
        yield lab.row(
            "toxicity_dev", f"AUROC, {of}", shown(lab, name), auroc(scores, truth), len(part),
            trivial=("word list", auroc(simple, truth)),
        )  # fmt: skip


def quality(lab: Lab) -> Iterator[Row]:
    """Pairs of rated chats with different ratings, put in order by each aspect in both orders; a tie counts half."""
    data = lab.jsonl("wild_scored.jsonl") or []
    draw = random.Random(lab.seed)
    pairs: list[tuple[Candidate, Candidate]] = []
    for _ in range(20 * most(lab) if len(data) > 1 else 0):
        i, j = draw.sample(range(len(data)), 2)
        if data[i]["human_overall_1to5"] > data[j]["human_overall_1to5"] and len(pairs) < most(lab):
            pairs.append((talk_of(data[i], i), talk_of(data[j], j)))
    if not pairs:
        return
    longer = [0.5 + 0.5 * np.sign(word_count(b.utterances) - word_count(w.utterances)) for b, w in pairs]
    for aspect in ASPECTS:
        expert = registry.QUALITY[f"{aspect}-llm"](lab.context)

        async def all_of(expert=expert) -> list[Comparison]:
            orders = [order for better, worse in pairs for order in ((better, worse), (worse, better))]
            return list(await asyncio.gather(*(expert.compare(a, b, {}) for a, b in orders)))

        answers = asyncio.run(all_of())
        points = [
            (_point(first, "first") + _point(second, "second")) / 2
            for first, second in zip(answers[::2], answers[1::2], strict=True)
        ]
        yield lab.row(
            "wild_scored", "pair accuracy against the overall rating", shown(lab, expert.name), mean(points), len(pairs),
            trivial=("word count", mean(longer)),
        )  # fmt: skip
        flips = [
            {first.winner, second.winner} <= {"first", "second"} and first.winner == second.winner
            for first, second in zip(answers[::2], answers[1::2], strict=True)
        ]
        yield lab.row(
            "wild_scored", "verdict flips with the order (less is better)", shown(lab, expert.name), share(flips),
            len(pairs), unit="%",
        )  # fmt: skip


def _point(answer: Comparison, better: str) -> float:
    return 0.5 if answer.winner == "tie" else float(answer.winner == better)


def mean(values: Sequence[float]):  # type: ignore[no-untyped-def]
    """The mean as a statistic."""
    held = np.array(values, dtype=float)
    return lambda index: float(held[index].mean())


def most(lab: Lab) -> int:
    """Most rows of a set."""
    return lab.limit or MOST


def some(lab: Lab, rows: list[dict]) -> list[dict]:
    """At most :func:`most` of the rows, in order."""
    kept = np.random.default_rng(lab.seed).permutation(len(rows))[: most(lab)]
    return [rows[i] for i in sorted(kept)]


def shown(lab: Lab, name: str) -> str:
    """The expert and the model that it asks."""
    return f"{name} ({lab.context.judge.model})"
