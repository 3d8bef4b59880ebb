"""Quality expert ``diversity``: varied wording, openings and topics."""

from __future__ import annotations

from duologue.conversations.critic.experts.scored import ScoredQuality


class Diversity(ScoredQuality):
    """How little the two repeat themselves and one another, and how varied their words are."""

    name = "diversity"
    aspect = "diversity"
