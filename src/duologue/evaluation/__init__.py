"""Evaluation of any data set of persona-based conversations: metrics, intervals, comparison, report."""

from duologue.evaluation.evaluate import Options, evaluate, plan_judges
from duologue.evaluation.judges.options import JudgeOptions
from duologue.evaluation.measure import Sizes
from duologue.evaluation.records import Report
from duologue.evaluation.usefulness.generator import GeneratorOptions

__all__ = ["GeneratorOptions", "JudgeOptions", "Options", "Report", "Sizes", "evaluate", "plan_judges"]
