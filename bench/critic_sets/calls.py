"""Model calls per accepted conversation: the paper's scheme beside ours, counted while the Critic works."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator

from critic_sets.common import Lab, Row
from critic_sets.pool import pools
from duologue.backends.protocol import Answer, Features, Request, TokenLogprob
from duologue.config.sections import CriticConfig
from duologue.conversations.critic.critic import Critic
from duologue.conversations.critic.protocol import CriticContext

PAIRS = 6
ASPECTS = ("depth", "coherency", "consistency", "diversity", "likable")
JUDGES = tuple(f"{aspect}-llm" for aspect in ASPECTS)
SCHEMES = {
    "all by language model, exhaustive (the paper, both orders)": {
        "guards": (), "filters": ("faithfulness-llm", "toxicity-llm"), "quality": JUDGES, "rankers": (), "tournament": "exhaustive",
    },
    "guards, embedded filters, then language model filters and votes, sequential": {
        "filters": ("faithfulness", "toxicity", "faithfulness-llm", "toxicity-llm"), "quality": JUDGES, "rankers": ASPECTS,
    },
    "guards and embedded filters, language model votes, sequential": {"quality": JUDGES, "rankers": ASPECTS},
    "embedded experts only (the default)": {},
}  # fmt: skip


class Counting:
    """Answers at random, the same each time, and counts. It passes every candidate, so that all schemes judge as many."""

    model = "counting"
    features = Features(logprobs=True)

    def __init__(self) -> None:
        self.calls = 0

    async def call(self, request: Request) -> Answer:
        """Yes to a filter, A, B or a tie to a duel."""
        self.calls += 1
        if request.purpose == "judge.faithfulness":
            return Answer("Yes")
        if request.purpose == "judge.toxicity":
            return Answer("No")
        text = request.messages[-1].content + request.purpose
        word = ("A", "B", "A", "B", "Tie")[hashlib.sha256(text.encode()).digest()[0] % 5]
        return Answer(word, logprobs=(TokenLogprob(word, -0.1),))


def rows(lab: Lab) -> Iterator[Row]:
    """Calls over accepted conversations on one pool; the judge's answers are random, the hardest case for ours."""
    what, groups = pools(lab, PAIRS)
    count = sum(map(len, groups))
    nan = float("nan")
    for name, changes in SCHEMES.items():
        judge = Counting()
        base = lab.context
        config = CriticConfig.model_validate(changes)
        critic = Critic.from_config(CriticContext(config, base.embedder, base.nli, base.toxicity, judge, base.seed))

        async def one(group, critic=critic) -> bool:
            verdicts = {e.candidate.id: await critic.review(e.candidate) for e in group}
            left = [e.candidate for e in group if critic.passed(verdicts[e.candidate.id])]
            if left:
                await critic.choose(left, {k: {v.expert: v for v in of} for k, of in verdicts.items()})
            return bool(left)

        async def every(one=one) -> int:
            return sum([await one(group) for group in groups])

        accepted = asyncio.run(every())
        yield Row(
            f"{what}, {len(groups)} pairs",
            "calls per accepted conversation",
            name,
            judge.calls / max(1, accepted),
            nan,
            nan,
            count,
        )
