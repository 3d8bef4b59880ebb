"""The Critic (section 3.4): guards first, then the filters, those that ask no model before those that do, then a
tournament among the survivors."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal

from duologue.conversations.critic import registry, tournament
from duologue.conversations.critic.protocol import CriticContext, Filter, Guard, Quality, asks_model
from duologue.conversations.critic.tournament import COULD_NOT_JUDGE, Choice, Scheme, could_not_judge
from duologue.records import Candidate, Verdict


class Critic:
    """A mixture of experts over candidates. It keeps no state, so many reviews may run at once."""

    def __init__(
        self,
        context: CriticContext,
        guards: Sequence[Guard],
        filters: Sequence[Filter],
        quality: Sequence[Quality],
        rankers: Sequence[Quality] = (),
    ) -> None:
        self.context = context
        self.guards = tuple(guards)
        self.filters = tuple(filters)
        self.quality = tuple(quality)
        self.rankers = tuple(rankers)
        """Quality experts that have no vote; they rank candidates before language models are asked to compare."""
        config = context.config
        self._scheme = Scheme(config.tournament, config.tournament_certainty, config.tournament_calls)

    @classmethod
    def from_config(cls, context: CriticContext, *, max_words: int | None = None) -> Critic:
        """Build the experts that ``context.config`` names. ``max_words``: most words of one utterance, if limited.

        Raises ConfigError when a name is unknown.
        """
        quality = registry.build_quality(context)
        # Built in any case, so that a wrong name is refused whether or not they are needed.
        rankers = registry.build_rankers(context)
        return cls(
            context,
            registry.build_guards(context, max_words=max_words),
            registry.build_filters(context),
            quality,
            rankers if any(map(asks_model, quality)) else (),
        )

    async def review(self, candidate: Candidate) -> tuple[Verdict, ...]:
        """Let all guards speak; if every guard passed, all filters that ask no model; if these passed too, the others.

        Guards cost nothing, so all run and the reasons are complete. Verdicts of filters stand in the order of
        ``filters``. An expert that fails on this candidate gives a verdict that is not passed and says why. Raises
        RunStopped when the engine ends the run.
        """
        verdicts = tuple(self._check(guard, candidate) for guard in self.guards)
        said: dict[int, Verdict] = {}
        for asking in (False, True):
            if not self.passed((*verdicts, *said.values())):
                break
            now = [i for i, expert in enumerate(self.filters) if asks_model(expert) is asking]
            judged = await asyncio.gather(*(self._judge(self.filters[i], candidate) for i in now))
            said.update(zip(now, judged, strict=True))
        return (*verdicts, *(said[i] for i in sorted(said)))

    @staticmethod
    def passed(verdicts: Sequence[Verdict]) -> bool:
        """True when no guard or filter refused; quality verdicts only compare."""
        return all(v.passed for v in verdicts if v.kind != "quality")

    @staticmethod
    def refusal(verdicts: Sequence[Verdict]) -> tuple[Literal["rejected", "failed"], Verdict] | None:
        """How and by whom a candidate was refused; None when it passed.

        ``rejected`` with the first verdict that judged against it; ``failed`` when experts merely failed on it.
        """
        against = [v for v in verdicts if v.kind != "quality" and not v.passed]
        judged = [v for v in against if not v.reason.startswith(COULD_NOT_JUDGE)]
        if judged:
            return "rejected", judged[0]
        return ("failed", against[0]) if against else None

    async def choose(self, survivors: Sequence[Candidate], verdicts: Mapping[str, Mapping[str, Verdict]]) -> Choice:
        """Choose the best of a pair's survivors; see :mod:`duologue.conversations.critic.tournament`.

        ``verdicts`` holds, by candidate id and then by expert, what :meth:`review` said. Raises ValueError when there
        is no survivor.
        """
        choice = await tournament.choose(survivors, self.quality, verdicts, scheme=self._scheme, rankers=self.rankers)
        if choice is None:
            raise ValueError("there is no survivor to choose from")
        return choice

    async def _judge(self, expert: Filter, candidate: Candidate) -> Verdict:
        try:
            return await expert.judge(candidate)
        except Exception as error:
            return Verdict(expert.name, "filter", 0.0, False, could_not_judge(error))

    @staticmethod
    def _check(guard: Guard, candidate: Candidate) -> Verdict:
        try:
            return guard.check(candidate)
        except Exception as error:
            return Verdict(guard.name, "guard", 0.0, False, could_not_judge(error))
