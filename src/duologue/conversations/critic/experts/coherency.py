"""Quality expert ``coherency``: utterances follow from one another, questions are answered."""

from __future__ import annotations

import re
from itertools import pairwise

from duologue.conversations.critic.experts.scored import ScoredQuality, mean, neighbour_similarity, ramp
from duologue.conversations.critic.experts.statements import statement
from duologue.records import Candidate, Verdict
from duologue.text import is_question, sentences, words

_LOW, _GOOD, _HIGH, _SAME = 0.0, 0.2, 0.85, 1.0
_REPLY = re.compile(
    r"^(?:yes|yeah|yep|no|nope|not|sure|of course|maybe|sometimes|i|i'm|it|it's|my|we|because|about|only|just|oh)\b"
)


class Coherency(ScoredQuality):
    """Three fifths of the score are *linked*: how far the similarity of neighbours lies in a sensible band.

    An utterance unlike the one before (cosine 0) changes the subject, one just like it (cosine 1) parrots; between
    0.2 and 0.85 it counts in full. Two fifths are *answered*: the share of utterances ending in a question whose
    reply states something that is related to it (cosine of at least 0.2) or begins like an answer; 1 when nothing is
    asked.
    """

    name = "coherency"

    def rate(self, candidate: Candidate) -> Verdict:
        """Rate one candidate; ``utterances`` names those that leave a question unanswered."""
        said = candidate.utterances
        near = neighbour_similarity(said, self.context.embedder)
        band = [min(ramp(s, _LOW, _GOOD), 1.0 - ramp(s, _HIGH, _SAME)) for s in near]
        answered: list[float] = []
        ignored: list[int] = []
        for i, (asked, reply) in enumerate(pairwise(said)):
            ending = sentences(asked)[-1:]
            if not ending or not is_question(ending[0]):
                continue
            told = statement(reply)
            fits = bool(told) and (near[i] >= _GOOD or _REPLY.match(" ".join(words(told))) is not None)
            answered.append(float(fits))
            if not fits:
                ignored.append(i + 1)
        return self.verdict({"linked": (0.6, mean(band)), "answered": (0.4, mean(answered, 1.0))}, tuple(ignored))
