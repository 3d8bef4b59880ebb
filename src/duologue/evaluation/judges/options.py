"""Which judges are asked, what model they are, and how much they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from duologue.config.sections import Config
from duologue.errors import UsageError

Kind = Literal["geval", "gpt-score", "llm-eval", "formal", "pairwise"]
KINDS: tuple[Kind, ...] = ("geval", "gpt-score", "llm-eval", "formal", "pairwise")


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """Asking costs money, so nobody is asked unless these are given."""

    folder: Path
    """Holds the durable log of calls: what stands in it is not asked again. A folder of its own, or an earlier one."""
    config: Config = field(default_factory=lambda: Config.model_validate({}))
    """Of a run's configuration the sections ``model``, ``engine`` and ``budget`` count."""
    sample: int = 50
    """Most conversations of each data set that are rated, and most pairs that are compared."""
    draws: int = 5
    """Answers of which a G-Eval score is the mean where the model gives no token probabilities."""
    kinds: tuple[Kind, ...] = KINDS


def check_kinds(names: Sequence[str]) -> tuple[Kind, ...]:
    """The judges of these names, in order; all for none. Raises UsageError for an unknown one."""
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        raise UsageError(f"--judge-kinds: there is no judge {unknown[0]!r}; judges: {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in names) if names else KINDS
