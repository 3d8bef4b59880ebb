"""Quality expert ``consistency``: nobody contradicts what they said before."""

from __future__ import annotations

from duologue.conversations.critic.experts.scored import ScoredQuality


class Consistency(ScoredQuality):
    """Whether the two stay by what they said; the reason names the worst contradiction between two own claims."""

    name = "consistency"
    aspect = "consistency"
