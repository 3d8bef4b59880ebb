"""Which candidates win with each expert removed, on one fixed pool, and what that does to faults and coverage."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

from critic_sets.common import Lab
from critic_sets.pool import Entry, pools
from duologue.config.sections import CriticConfig
from duologue.conversations.critic.critic import Critic
from duologue.conversations.critic.evidence.heads import shipped_heads
from duologue.conversations.critic.evidence.matrix import Matrix, evidence_matrix
from duologue.conversations.critic.protocol import CriticContext
from duologue.records import Candidate


@dataclass(frozen=True)
class Result:
    """The winners under one set of experts."""

    removed: str
    winners: dict[int, Entry]
    """By pool; pools without a survivor are missing."""


def table(lab: Lab, pairs: int) -> str:
    """The ablation as Markdown."""
    what, groups = pools(lab, pairs)
    config = lab.config
    removals = [("nothing", config)]
    for kind in ("guards", "filters", "quality"):
        names = getattr(config, kind)
        removals += [
            (f"{kind[:-1] if kind != 'quality' else 'quality expert'} {name}", without(config, kind, name))
            for name in names
        ]
    removals += [
        ("all guards", config.model_copy(update={"guards": ()})),
        ("all filters", config.model_copy(update={"filters": ()})),
    ]
    matrices: dict[str, Matrix] = {}
    results = [Result(name, winners(lab, c, groups)) for name, c in removals]
    full = results[0].winners
    lines = [
        f"Pool: {what}; {len(groups)} pairs, {sum(map(len, groups))} candidates. Faults as found by the whole evidence matrix"
        + ("." if any(e.fault == "?" for g in groups for e in g) else ", and as made."),
        "",
        "| removed | pairs with a winner | other winner | contradictions | swaps | self-contradictions | coverage | faults as made |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        found = [matrix(lab, e.candidate, matrices) for e in result.winners.values()]
        count = max(1, len(found))
        shares = [
            sum(any(f.kind == kind for f in m.findings) for m in found) / count
            for kind in ("contradiction", "swap", "self-contradiction")
        ]
        cover = sum(
            m.coverage(e.candidate, s) for m, e in zip(found, result.winners.values(), strict=True) for s in (1, 2)
        ) / (2 * count)
        other = sum(result.winners.get(i) != full.get(i) for i in range(len(groups)))
        made = Counter(e.fault or "none" for e in result.winners.values())
        shown = ", ".join(f"{k} {v}" for k, v in made.most_common()) if set(made) != {"?"} else ""
        lines.append(
            f"| {result.removed} | {len(found)} | {other} | "
            + " | ".join(f"{s:.1%}" for s in [*shares, cover])
            + f" | {shown} |"
        )
    return "\n".join(lines)


def without(config: CriticConfig, kind: str, name: str) -> CriticConfig:
    """The configuration without one expert; a quality expert leaves the rankers too."""
    changes = {kind: tuple(n for n in getattr(config, kind) if n != name)}
    if kind == "quality" and hasattr(config, "rankers"):
        changes["rankers"] = tuple(n for n in config.rankers if n != name)
    return config.model_copy(update=changes)


def winners(lab: Lab, config: CriticConfig, groups: list[list[Entry]]) -> dict[int, Entry]:
    """The Critic's choice in each pool."""
    base = lab.context
    context = CriticContext(config, base.embedder, base.nli, base.toxicity, base.judge, base.seed)
    critic = Critic.from_config(context)

    async def one(group: list[Entry]) -> Entry | None:
        verdicts = {e.candidate.id: await critic.review(e.candidate) for e in group}
        left = [e for e in group if critic.passed(verdicts[e.candidate.id])]
        if not left:
            return None
        said = {key: {v.expert: v for v in of} for key, of in verdicts.items()}
        choice = await critic.choose([e.candidate for e in left], said)
        return next(e for e in left if e.candidate.id == choice.winner.id)

    async def all_of() -> list[Entry | None]:
        return [await one(group) for group in groups]

    return {i: entry for i, entry in enumerate(asyncio.run(all_of())) if entry is not None}


def matrix(lab: Lab, candidate: Candidate, known: dict[str, Matrix]) -> Matrix:
    """The candidate's evidence, with all of the faithfulness expert's checks."""
    if candidate.id not in known:
        known[candidate.id] = evidence_matrix(
            candidate, embedder=lab.context.embedder, nli=lab.context.nli, heads=shipped_heads(), config=lab.config
        )
    return known[candidate.id]
