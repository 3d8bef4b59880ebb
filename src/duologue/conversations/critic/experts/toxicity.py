"""Filter ``toxicity``: no utterance is toxic, neither by itself nor by siding with something toxic before it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from duologue.conversations.critic.guards.verdicts import quote
from duologue.conversations.critic.protocol import CriticContext
from duologue.models.protocol import ToxicityRating
from duologue.records import Candidate, Verdict

_MOST_NAMED = 3
_THREADS = 2


class ToxicityExpert:
    """Rejects a conversation one of whose utterances is toxic with more than ``config.toxicity``.

    Each utterance is rated after the one before it, which the partner said. ``value`` is 1 less the greatest toxicity,
    in [0, 1]; ``scores`` are the toxicity of each utterance, in [0, 1].
    """

    name = "toxicity"

    def __init__(self, context: CriticContext) -> None:
        self._most = context.config.toxicity
        self._model = context.toxicity
        # Threads of its own: a model that waits for a server would keep the other experts from theirs.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="duologue-toxicity")

    async def judge(self, candidate: Candidate) -> Verdict:
        """Return the verdict; the reason names the worst utterances, their kind of toxicity, and what they agree with.

        Raises ItemFailed when the model can't rate an utterance.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.examine, candidate)

    def examine(self, candidate: Candidate) -> Verdict:
        """Like :meth:`judge`, in this thread."""
        said = candidate.utterances
        ratings = self._model.rate(said, ("", *said[:-1])[: len(said)])
        over = sorted((i for i, r in enumerate(ratings) if r.score > self._most), key=lambda i: -ratings[i].score)
        reasons = [self._reason(said, i, ratings[i]) for i in over[:_MOST_NAMED]]
        if len(over) > _MOST_NAMED:
            reasons.append(f"and {len(over) - _MOST_NAMED} more")
        worst = max((r.score for r in ratings), default=0.0)
        return Verdict(
            self.name,
            "filter",
            1.0 - worst,
            not over,
            "; ".join(reasons),
            (),
            tuple(sorted(over)),
            tuple(round(r.score, 4) for r in ratings),
        )

    def _reason(self, said: tuple[str, ...], index: int, rating: ToxicityRating) -> str:
        text = quote(said[index])
        amount = f"{rating.score:.2f}, and at most {self._most:.2f} is allowed"
        if rating.agrees and index:
            return f"utterance {index + 1}: {text} agrees with {quote(said[index - 1])}, which is toxic ({amount})"
        kind = f" ({rating.category.replace('_', ' ')})" if rating.category else ""
        return f"utterance {index + 1}: {text} is toxic{kind} ({amount})"
