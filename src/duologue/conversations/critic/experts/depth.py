"""Quality expert ``depth``: details, vocabulary, a talk that goes on."""

from __future__ import annotations

from duologue.conversations.critic.experts.scored import ScoredQuality


class Depth(ScoredQuality):
    """Whether the two go into things: how specific and varied what they say is, and whether both put effort into it."""

    name = "depth"
    aspect = "depth"
