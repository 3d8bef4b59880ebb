"""Judge ``gpt-score``: how likely a language model finds the answer Yes to a question about a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from duologue.backends.protocol import Answer, Caller, Request, Sampling
from duologue.conversations.critic.experts.faithfulness_formal import per_token
from duologue.conversations.critic.experts.judging import transcript_text
from duologue.errors import ItemFailed
from duologue.evaluation.judges.options import Kind
from duologue.evaluation.judges.protocol import Judged, Unavailable
from duologue.evaluation.protocol import Group, Ratio
from duologue.evaluation.view import View
from duologue.prompts import load

QUESTIONS: Mapping[str, str] = {
    "depth": "Do the two go deeper into details, reasons and feelings?",
    "coherency": "Does the conversation hang together from beginning to end?",
    "consistency": "Does each of the two stay consistent with what they said before?",
    "diversity": "Are topics and wording varied?",
    "likable": "Are the two likable and interested in each other?",
}
"""The aspects of FED, as questions whose good answer is Yes."""
ANSWER = "Yes"
_ALTERNATIVES = 20


class GptScore(Judged):
    """Mean log-likelihood, in nats per token, that a language model gives the answer Yes to a question about this aspect
    of the conversation; 0 would be certainty. Needs a model that gives token probabilities.
    """

    group: Group = "quality"
    unit = "nats"
    range = (-inf, 0.0)
    direction = "higher"
    source = "in the manner of GPTScore (Fu et al., 2023, arXiv 2302.04166), as it scores dialogues of FED"

    def __init__(self, aspect: str) -> None:
        self.name = f"gpt_score_{aspect}"
        self.title = f"{aspect}, GPT-Score"


class GptScorer:
    """A :class:`duologue.evaluation.judges.protocol.Judge`; one call an aspect.

    The answer is scored as a given text where the model can; a server that can't is asked for the likeliest first
    tokens instead, among which the answer has to be.
    """

    name: Kind = "gpt-score"
    parts: tuple[str, ...] = tuple(QUESTIONS)

    def __init__(self, caller: Caller, *, seed: int) -> None:
        self._caller = caller
        self._seed = seed
        self._prompt = load("judge_gpt_score")
        self._scores = caller.features.scoring
        """False once the server has turned out to give no probabilities of given text."""

    async def rate(self, view: View, part: str) -> Mapping[str, Ratio]:
        """See the Protocol. Raises Unavailable where the model gives no token probabilities at all."""
        if self._scores:
            answer = await self._caller.call(self._request(view, part, score=True))
            if answer.logprobs:
                return {f"gpt_score_{part}": (min(0.0, per_token(answer)), 1.0)}
            self._scores = False
        if self._caller.features.logprobs:
            answer = await self._caller.call(self._request(view, part, score=False))
            if answer.logprobs:
                return {f"gpt_score_{part}": (min(0.0, first_token(answer)), 1.0)}
        raise Unavailable(f"{self._caller.model} gives no token probabilities, so there is no likelihood to report")

    def _request(self, view: View, part: str, *, score: bool) -> Request:
        return Request(
            purpose="judge.gpt_score",
            model=self._caller.model,
            messages=self._prompt.messages(
                conversation=transcript_text(view.candidate.utterances), question=QUESTIONS[part]
            ),
            sampling=Sampling(temperature=0.0, top_k=0, max_tokens=1),
            seed=self._seed,
            top_logprobs=0 if score else _ALTERNATIVES,
            score=ANSWER if score else "",
        )


def first_token(answer: Answer) -> float:
    """Log probability of the answer as the first token. Raises ItemFailed when it is not among the likeliest."""
    token = answer.logprobs[0]
    for text, logprob in ((token.token, token.logprob), *token.top):
        if text.strip().lower() == ANSWER.lower():
            return logprob
    raise ItemFailed(f"{ANSWER} is not among the {_ALTERNATIVES} likeliest first tokens")
