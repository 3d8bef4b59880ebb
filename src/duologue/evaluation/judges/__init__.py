"""Language models as judges of a data set: four that rate conversations, and one that compares two data sets."""

from duologue.evaluation.judges.options import KINDS, JudgeOptions

__all__ = ["KINDS", "JudgeOptions"]
