"""Quality expert ``diversity``: varied wording, openings and lengths."""

from __future__ import annotations

import math
from itertools import pairwise

from duologue.conversations.critic.experts.scored import ScoredQuality, mean, ramp
from duologue.records import Candidate, Verdict
from duologue.text import words


class Diversity(ScoredQuality):
    """Half the score is *distinct-2*: different neighbouring word pairs of utterances as a share of all, from 0.5 to 1.

    Three tenths are *openings*: the share of distinct first two words of utterances. Two tenths are *lengths*: the
    coefficient of variation of the utterances' lengths in words, full from 0.5.
    """

    name = "diversity"

    def rate(self, candidate: Candidate) -> Verdict:
        """Rate one candidate."""
        said = [words(u) for u in candidate.utterances]
        bigrams = [pair for u in said for pair in pairwise(u)]
        openings = {tuple(u[:2]) for u in said}
        lengths = [float(len(u)) for u in said]
        average = mean(lengths)
        spread = math.sqrt(mean([(n - average) ** 2 for n in lengths])) / average if average else 0.0
        return self.verdict(
            {
                "distinct-2": (0.5, ramp(len(set(bigrams)) / max(1, len(bigrams)), 0.5, 1.0)),
                "openings": (0.3, len(openings) / max(1, len(said))),
                "lengths": (0.2, ramp(spread, 0.0, 0.5)),
            }
        )
