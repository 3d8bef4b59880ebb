"""Quality expert ``coherency``: utterances follow from one another, questions are answered."""

from __future__ import annotations

from duologue.conversations.critic.experts.scored import ScoredQuality


class Coherency(ScoredQuality):
    """Whether the talk hangs together: links between neighbours, answers to questions, no starting anew."""

    name = "coherency"
    aspect = "coherency"
