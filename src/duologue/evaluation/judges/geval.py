"""Judge ``geval``: a form is filled in with a number from 1 to 5 per aspect, and the number's distribution is used."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Mapping

from duologue.backends.protocol import Answer, Caller, Request, Sampling
from duologue.conversations.critic.experts.judging import transcript_text
from duologue.errors import ItemFailed
from duologue.evaluation.judges.options import Kind
from duologue.evaluation.judges.protocol import Judged
from duologue.evaluation.protocol import Group, Ratio
from duologue.evaluation.view import View
from duologue.prompts import as_data, load

CRITERIA: Mapping[str, str] = {
    "depth": "The two go into details, reasons and feelings, and follow up on what the other says.",
    "coherency": "Answers fit their questions, and every utterance follows from what came before.",
    "consistency": "Nobody says anything that clashes with what they said earlier.",
    "diversity": "Topics, wording and kinds of utterances vary.",
    "likable": "Both are interested in each other, kind, and pleasant to read.",
}
"""The aspects of FED that the paper's experts judge (section 3.4), in our words."""
SCORES = (1, 2, 3, 4, 5)
_ALTERNATIVES = 20
"""The most that OpenAI gives."""
_NUMBER = re.compile(r"(?<![\d.])([1-5])(?!\.?\d)")


class GEvalScore(Judged):
    """Mean score from 1 to 5 that a language model gives this aspect in a form, after steps to follow. Where the model
    gives token probabilities, a conversation's score is the mean of the numbers weighted by their probabilities, else the
    mean of several answers drawn at temperature 1.
    """

    group: Group = "quality"
    unit = "score"
    range = (1.0, 5.0)
    direction = "higher"
    source = "in the manner of G-Eval (Liu et al., 2023, arXiv 2303.16634); aspects of FED"

    def __init__(self, aspect: str) -> None:
        self.name = f"geval_{aspect}"
        self.title = f"{aspect}, G-Eval"


class GEval:
    """A :class:`duologue.evaluation.judges.protocol.Judge`; one call an aspect, ``draws`` where there are no probabilities."""

    name: Kind = "geval"
    parts: tuple[str, ...] = tuple(CRITERIA)

    def __init__(self, caller: Caller, *, seed: int, draws: int) -> None:
        self._caller = caller
        self._seed = seed
        self._draws = draws
        self._prompt = load("judge_geval")

    async def rate(self, view: View, part: str) -> Mapping[str, Ratio]:
        """See the Protocol. Raises ItemFailed when no answer holds a number."""
        if self._caller.features.logprobs:
            answer = await self._caller.call(self._request(view, part, 0))
            if (score := expected(answer)) is not None:
                return {f"geval_{part}": (score, 1.0)}
        # A server may turn out to give no probabilities.
        drawn = await asyncio.gather(*(self._caller.call(self._request(view, part, n + 1)) for n in range(self._draws)))
        numbers = [n for answer in drawn if (n := number(answer.text)) is not None]
        if not numbers:
            raise ItemFailed(f"the answer {as_data(drawn[0].text)[:60]!r} holds no number from 1 to 5")
        return {f"geval_{part}": (sum(numbers) / len(numbers), 1.0)}

    def _request(self, view: View, part: str, draw: int) -> Request:
        """``draw`` 0 asks for the likeliest answer and its alternatives, others for an answer drawn by chance."""
        features = self._caller.features
        messages = self._prompt.messages(
            conversation=transcript_text(view.candidate.utterances), aspect=part, criterion=CRITERIA[part]
        )
        held = features.grammar and features.logprobs
        return Request(
            purpose="judge.geval",
            model=self._caller.model,
            messages=messages,
            sampling=Sampling(temperature=1.0 if draw else 0.0, top_k=0, max_tokens=1 if held else 8),
            sample=draw,
            seed=self._seed,
            grammar="root ::= [1-5]" if features.grammar else None,
            top_logprobs=0 if draw or not features.logprobs else _ALTERNATIVES,
            # A small model that has to begin by itself would rather write a sentence; numbers are then no alternatives.
            prefill=f"- {part}: " if features.prefill else "",
        )


def expected(answer: Answer) -> float | None:
    """The mean of the numbers 1 to 5 at the first token that is one, weighted by probability; None without any."""
    for token in answer.logprobs:
        if number(token.token) is None:
            continue
        shares: dict[int, float] = {}
        for text, logprob in dict(((token.token, token.logprob), *token.top)).items():
            if (score := number(text)) is not None:
                shares[score] = shares.get(score, 0.0) + math.exp(min(0.0, logprob))
        total = sum(shares.values())
        if total > 0:
            return sum(score * share for score, share in shares.items()) / total
    return None


def number(text: str) -> int | None:
    """The first whole number from 1 to 5 in a text that is part of no longer number, or None."""
    match = _NUMBER.search(text)
    return int(match.group(1)) if match else None
