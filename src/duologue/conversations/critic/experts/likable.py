"""Quality expert ``likable``: both take an interest, are kind and content with one another."""

from __future__ import annotations

from duologue.conversations.critic.experts.scored import ScoredQuality


class Likable(ScoredQuality):
    """Whether the two are good company: warm, balanced, curious, gentle, and not annoyed with one another."""

    name = "likable"
    aspect = "likable"
