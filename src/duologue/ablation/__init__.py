"""Ablations: what each part of the system is worth, by runs that lack it."""

from duologue.ablation.ablate import Ablation, ablate
from duologue.ablation.variants import Variant, left_out, variants

__all__ = ["Ablation", "Variant", "ablate", "left_out", "variants"]
