"""Quality expert ``overall``: all aspects together, weighted for the whole."""

from __future__ import annotations

from duologue.conversations.critic.experts.scored import ScoredQuality


class Overall(ScoredQuality):
    """The overall score. It is no aspect of FED, so it is not among the experts by default; it suits ``critic.rankers``."""

    name = "overall"
    aspect = "overall"
