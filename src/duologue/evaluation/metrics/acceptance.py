"""Acceptance rates of a duologue run; its ledger answers, see :mod:`duologue.evaluation.run_account`."""

from __future__ import annotations

from collections.abc import Sequence

from duologue.evaluation.protocol import Described, Group
from duologue.evaluation.view import View


class _Accepted(Described):
    group: Group = "expansion"
    direction = "higher"

    def figure(self, views: Sequence[View]) -> float | None:
        """None: the figure comes from a run's ledger, see :func:`duologue.evaluation.run_account.add_acceptance`."""
        return None


class QueryAcceptance(_Accepted):
    """Share of a run's attempts at a query, induced or invented, that were accepted."""

    name = "query_acceptance"
    title = "accepted queries"


class AttributeAcceptance(_Accepted):
    """Share of a run's attempts at a new attribute that were accepted: well formed, new, and not contradicting itself."""

    name = "attribute_acceptance"
    title = "accepted new attributes"
    source = "arXiv 2312.10007, section 3.1, which states no rate"


class CandidateAcceptance(_Accepted):
    """Share of a run's candidates that passed every guard and filter of the Critic, over all rounds of the loop or, in
    the column of one round, over that round.
    """

    name = "candidate_acceptance"
    title = "candidates that pass the Critic"
    group: Group = "quality"


def metrics() -> list[_Accepted]:
    """The metrics that a run's ledger answers."""
    return [QueryAcceptance(), AttributeAcceptance(), CandidateAcceptance()]
