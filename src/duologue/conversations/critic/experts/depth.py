"""Quality expert ``depth``: details, questions that follow up, topics that are held."""

from __future__ import annotations

from duologue.conversations.critic.experts.scored import ScoredQuality, mean, neighbour_similarity, ramp
from duologue.records import Candidate, Verdict
from duologue.text import content_words, is_question, sentences

_RELATED = 0.3
_HELD = 4
_FULL = 7


class Depth(ScoredQuality):
    """Half the score is *detail*: content words per utterance that were not said before, full from 7 on average.

    A quarter is *follow-up*: the share of questions, from the second utterance on, in an utterance whose similarity
    to the one before is at least 0.3 or that takes up one of its words, full from one half. A quarter is *held*: the
    share of utterances in runs of at least four (two exchanges) whose neighbours are that similar.
    """

    name = "depth"

    def rate(self, candidate: Candidate) -> Verdict:
        """Rate one candidate."""
        said = candidate.utterances
        near = neighbour_similarity(said, self.context.embedder)
        words = [set(content_words(u)) for u in said]
        known: set[str] = set()
        fresh: list[float] = []
        for content in words:
            fresh.append(float(len(content - known)))
            known |= content
        asking = [i for i, u in enumerate(said) if i and any(is_question(s) for s in sentences(u))]
        following = [float(near[i - 1] >= _RELATED or bool(words[i] & words[i - 1])) for i in asking]
        return self.verdict(
            {
                "detail": (0.5, mean(fresh) / _FULL),
                "follow-up": (0.25, ramp(mean(following), 0.0, 0.5)),
                "held": (0.25, _in_runs([s >= _RELATED for s in near]) / max(1, len(said))),
            }
        )


def _in_runs(related: list[bool]) -> int:
    """How many utterances stand in a run of at least four related neighbours."""
    count, run = 0, 1
    for link in [*related, False]:
        if link:
            run += 1
            continue
        count += run if run >= _HELD else 0
        run = 1
    return count
