"""The judges and their metrics."""

from __future__ import annotations

from collections.abc import Sequence

from duologue.backends.protocol import Caller
from duologue.evaluation.judges import formal, geval, gpt_score, llm_eval
from duologue.evaluation.judges.options import Kind
from duologue.evaluation.judges.protocol import Judge, Judged, Unavailable
from duologue.evaluation.view import Roles


def metrics(kinds: Sequence[Kind]) -> list[Judged]:
    """The metrics of these judges, in the order of the report."""
    found: list[Judged] = []
    if "formal" in kinds:
        found += formal.metrics()
    if "geval" in kinds:
        found += [geval.GEvalScore(aspect) for aspect in geval.CRITERIA]
    if "gpt-score" in kinds:
        found += [gpt_score.GptScore(aspect) for aspect in gpt_score.QUESTIONS]
    if "llm-eval" in kinds:
        found += [llm_eval.LlmEvalScore(dimension) for dimension in llm_eval.DIMENSIONS]
    return found


def make_judges(
    kinds: Sequence[Kind], caller: Caller, roles: Roles, *, seed: int, draws: int
) -> tuple[list[Judge], dict[str, str]]:
    """The judges of single conversations, and for those that the model can't be, why."""
    found: list[Judge] = []
    missing: dict[str, str] = {}
    if "formal" in kinds:
        try:
            found.append(formal.Formal(caller, roles, seed=seed))
        except Unavailable as error:
            missing["formal"] = str(error)
    if "geval" in kinds:
        found.append(geval.GEval(caller, seed=seed, draws=draws))
    if "gpt-score" in kinds:
        found.append(gpt_score.GptScorer(caller, seed=seed))
    if "llm-eval" in kinds:
        found.append(llm_eval.LlmEval(caller, seed=seed))
    return found, missing
