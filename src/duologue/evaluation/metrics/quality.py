"""Quality: the aspects that the Critic's embedded experts judge, as scores, on the model sample."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from duologue.backends.protocol import Answer, Features, Request
from duologue.conversations.critic.experts.scored import ScoredQuality
from duologue.conversations.critic.protocol import CriticContext, Quality
from duologue.errors import ItemFailed
from duologue.evaluation.protocol import Described, Group, Ratio
from duologue.evaluation.view import Roles, View

ASPECTS = ("depth", "coherency", "consistency", "diversity", "likable")


class NoJudge:
    """Stands where the Critic's context wants a language model and none is there: every call fails."""

    model = "none"
    features = Features()

    async def call(self, request: Request) -> Answer:
        """Raises ItemFailed."""
        raise ItemFailed(f"{request.purpose}: no language model is configured")


class Aspect(Described):
    """Mean score that the Critic's embedded expert of this aspect gives a conversation, in [0, 1]."""

    group: Group = "quality"
    unit = "score"
    direction = "higher"
    source = "the aspects of FED (Mehri and Eskenazi, 2020); arXiv 2312.10007, section 3.4"
    needs = frozenset(("embedder", "nli", "toxicity"))

    def __init__(self, aspect: str) -> None:
        self.name = f"quality_{aspect}"
        self.title = aspect
        self._aspect = aspect

    def measure(self, view: View) -> Ratio:
        """The expert's value."""
        expert = _expert(self._aspect, view.roles)
        if isinstance(expert, ScoredQuality):
            return float(expert.rate(view.candidate).value), 1.0
        return float(asyncio.run(_score(expert, view))), 1.0


async def _score(expert: Quality, view: View) -> float:
    return (await expert.score(view.candidate, {})).value


@lru_cache(maxsize=64)
def _expert(aspect: str, roles: Roles) -> Quality:
    """The expert of one aspect, made as the Critic makes it."""
    from duologue.conversations.critic.registry import build_quality

    assert roles.embedder is not None
    assert roles.nli is not None
    assert roles.toxicity is not None
    config = roles.critic.model_copy(update={"quality": (aspect,)})
    (expert,) = build_quality(CriticContext(config, roles.embedder, roles.nli, roles.toxicity, NoJudge()))
    return expert
