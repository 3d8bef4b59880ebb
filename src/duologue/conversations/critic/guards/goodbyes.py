"""Guard ``goodbyes``: people part once and then stop talking."""

from __future__ import annotations

from collections.abc import Iterable

from duologue.config.sections import CriticConfig
from duologue.conversations.critic.guards.courtesy import leaves
from duologue.conversations.critic.guards.verdicts import guard_verdict
from duologue.records import Candidate, Verdict


class GoodbyesGuard:
    """Refuses more than ``max_goodbyes`` utterances that take leave, and talk that goes on after both took leave."""

    name = "goodbyes"

    def __init__(self, config: CriticConfig) -> None:
        self.most = config.max_goodbyes

    def check(self, candidate: Candidate) -> Verdict:
        """Return the verdict; the reason names the utterances that take leave."""
        return guard_verdict(self.name, self._found(candidate.utterances))

    def _found(self, utterances: tuple[str, ...]) -> Iterable[tuple[int, str]]:
        parting = leaves(utterances)
        where = [i for i, leave in enumerate(parting) if leave]
        if len(where) > self.most:
            yield where[self.most], f"it is goodbye number {self.most + 1}, and at most {self.most} are allowed"
        mutual = next((i + 1 for i in where if parting[i + 1 : i + 2] == [True]), len(utterances))
        later = next((i for i in range(mutual + 1, len(utterances)) if not parting[i]), None)
        if later is not None:
            yield later, "talk goes on after both took leave"
