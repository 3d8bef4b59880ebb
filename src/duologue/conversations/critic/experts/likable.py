"""Quality expert ``likable``: both take an interest, respond to each other and are kind."""

from __future__ import annotations

import re

from duologue.conversations.critic.experts.scored import ScoredQuality, mean, ramp
from duologue.records import Candidate, Verdict
from duologue.text import content_words, is_question, normalise, sentences, words

_ACKNOWLEDGE = re.compile(
    r"^(?:oh|ah|aw+|wow|yes|yeah|right|true|same|me too|really|nice|great|cool|good|lovely|sorry|i'm sorry|thanks?|thank you|that(?:'s| is| sounds| must)|"
    r"sounds|i see|i bet|i hear|haha|ha|congrat\w*|fair|no way|of course|exactly|makes sense|what a|how)\b"
)
_WARM = re.compile(
    r"\b(?:thanks?|thank you|glad|happy for|lovely|wonderful|sweet|kind|congrat\w*|proud|sorry to hear|hope|love that|nice|great|awesome|amazing|"
    r"beautiful|fun|brave|good luck|sounds (?:good|fun|great|nice|lovely)|haha|laugh|welcome|appreciate|hug|cheer)\b"
)


class Likable(ScoredQuality):
    """Five equal parts.

    *Interest*: balance of the two speakers' questions (the smaller number over the greater; 0 when nobody asks).
    *Response*: the share of utterances, from the second on, that acknowledge the partner or take up a word of theirs,
    full from one half. *Warmth*: the share of utterances with a warm word, full from 0.3. *Balance*: of the words
    spoken by the two. *Gentle*: 1 less the greatest toxicity.
    """

    name = "likable"

    def rate(self, candidate: Candidate) -> Verdict:
        """Rate one candidate."""
        said = candidate.utterances
        asked = [sum(is_question(s) for _, u in candidate.said_by(speaker) for s in sentences(u)) for speaker in (1, 2)]
        spoken = [sum(len(words(u)) for _, u in candidate.said_by(speaker)) for speaker in (1, 2)]
        content = [set(content_words(u)) for u in said]
        responding = [
            float(_ACKNOWLEDGE.match(normalise(said[i])) is not None or bool(content[i] & content[i - 1]))
            for i in range(1, len(said))
        ]
        warm = [float(_WARM.search(normalise(u)) is not None) for u in said]
        toxic = self.context.toxicity.score(said).tolist()
        return self.verdict(
            {
                "interest": (1.0, min(asked) / max(asked) if max(asked) else 0.0),
                "response": (1.0, ramp(mean(responding), 0.0, 0.5)),
                "warmth": (1.0, ramp(mean(warm), 0.0, 0.3)),
                "balance": (1.0, min(spoken) / max(spoken) if max(spoken) else 0.0),
                "gentle": (1.0, 1.0 - max(toxic, default=0.0)),
            }
        )
