"""What a run will ask of its language model, before the first call: calls, tokens, time and money, stage by stage."""

from duologue.estimate.plan import Estimate, Line, estimate_run

__all__ = ["Estimate", "Line", "estimate_run"]
