"""Judge ``llm-eval``: several scores of a conversation by one call."""

from __future__ import annotations

import re
from collections.abc import Mapping

import orjson

from duologue.backends.protocol import Caller, Request, Sampling
from duologue.conversations.critic.experts.judging import shown
from duologue.errors import ItemFailed
from duologue.evaluation.judges.options import Kind
from duologue.evaluation.judges.protocol import Judged
from duologue.evaluation.protocol import Group, Ratio
from duologue.evaluation.view import View
from duologue.prompts import as_data, load

DIMENSIONS = ("content", "grammar", "relevance", "appropriateness")
HIGHEST = 5
SCHEMA = orjson.dumps(
    {
        "type": "object",
        "properties": {name: {"type": "integer", "minimum": 0, "maximum": HIGHEST} for name in DIMENSIONS},
        "required": list(DIMENSIONS),
        "additionalProperties": False,
    }
).decode()
_OBJECT = re.compile(r"\{[^{}]*\}")


class LlmEvalScore(Judged):
    """Mean score from 0 to 5 that a language model gives a conversation and its profiles in this dimension, in one call
    with the other three dimensions.
    """

    group: Group = "quality"
    unit = "score"
    range = (0.0, float(HIGHEST))
    direction = "higher"
    source = "in the manner of LLM-Eval (Lin and Chen, 2023, arXiv 2305.13711)"

    def __init__(self, dimension: str) -> None:
        self.name = f"llm_eval_{dimension}"
        self.title = f"{dimension}, LLM-Eval"


class LlmEval:
    """A :class:`duologue.evaluation.judges.protocol.Judge`; one call a conversation."""

    name: Kind = "llm-eval"
    parts: tuple[str, ...] = ("",)

    def __init__(self, caller: Caller, *, seed: int) -> None:
        self._caller = caller
        self._seed = seed
        self._prompt = load("judge_llm_eval")

    async def rate(self, view: View, part: str) -> Mapping[str, Ratio]:
        """See the Protocol. Raises ItemFailed when the answer is no whole form."""
        answer = await self._caller.call(
            Request(
                purpose="judge.llm_eval",
                model=self._caller.model,
                messages=self._prompt.messages(conversation=shown(view.candidate)),
                sampling=Sampling(temperature=0.0, max_tokens=80),
                seed=self._seed,
                json_schema=SCHEMA if self._caller.features.json_schema else None,
            )
        )
        scores = read(answer.text)
        if scores is None:
            raise ItemFailed(
                f"the answer {as_data(answer.text)[:60]!r} is no form with four numbers from 0 to {HIGHEST}"
            )
        return {f"llm_eval_{name}": (score, 1.0) for name, score in scores.items()}


def read(text: str) -> dict[str, float] | None:
    """The four scores of the first JSON object that holds them all, or None."""
    for match in _OBJECT.finditer(text):
        try:
            found = orjson.loads(match.group())
        except orjson.JSONDecodeError:
            continue
        scores = {name: found.get(name) for name in DIMENSIONS}
        if all(isinstance(s, int | float) and not isinstance(s, bool) and 0 <= s <= HIGHEST for s in scores.values()):
            return {name: float(score) for name, score in scores.items()}
    return None
