"""Quality expert ``diversity``: varied wording, openings and lengths."""

from __future__ import annotations

import math
from itertools import pairwise

from duologue.conversations.critic.experts.scored import ScoredQuality, mean, ramp
from duologue.records import Candidate, Verdict
from duologue.text import content_words, words


class Diversity(ScoredQuality):
    """Two fifths of the score are *distinct-2*, different pairs of neighbouring words as a share of all, from 0.5 to 1.

    A quarter is *vocabulary*: different content words per utterance, full from 4. A fifth is *openings*: the share of
    distinct first two words of utterances. The rest is *lengths*: the coefficient of variation of the utterances'
    lengths in words, full from 0.5.
    """

    name = "diversity"

    def rate(self, candidate: Candidate) -> Verdict:
        """Rate one candidate."""
        said = [words(u) for u in candidate.utterances]
        bigrams = [pair for u in said for pair in pairwise(u)]
        vocabulary = {w for u in candidate.utterances for w in content_words(u)}
        openings = {tuple(u[:2]) for u in said}
        lengths = [float(len(u)) for u in said]
        average = mean(lengths)
        spread = math.sqrt(mean([(n - average) ** 2 for n in lengths])) / average if average else 0.0
        return self.verdict(
            {
                "distinct-2": (0.4, ramp(len(set(bigrams)) / max(1, len(bigrams)), 0.5, 1.0)),
                "vocabulary": (0.25, len(vocabulary) / (4 * max(1, len(said)))),
                "openings": (0.2, len(openings) / max(1, len(said))),
                "lengths": (0.15, ramp(spread, 0.0, 0.5)),
            }
        )
