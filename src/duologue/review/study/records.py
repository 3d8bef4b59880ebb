"""What a blind evaluation consists of. ``shown`` is what annotators see, ``hidden`` what only the results know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["detection", "faithfulness", "quality"]
KINDS: tuple[Kind, ...] = ("detection", "faithfulness", "quality")
ASPECTS = ("depth", "coherency", "consistency", "diversity", "likable")
"""The aspects of quality: those of the Critic's experts, so that the two can be compared."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for. The same plan on the same data makes the same study."""

    source: str
    """The data set that is judged."""
    against: str
    """The data set it is compared with; empty without one."""
    kinds: tuple[Kind, ...]
    items: int
    """Tasks of each kind, gold questions not counted."""
    per_item: int
    """Annotators of each task."""
    annotators: tuple[str, ...]
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """One question."""

    id: str
    kind: Kind
    gold: bool
    """Whether the answer is known beforehand, to tell who pays attention; not counted in the results."""
    shown: Mapping[str, Any]
    """detection: first, second; faithfulness: talk, speaker, options; quality: talk. A talk is [speaker, text] rows."""
    hidden: Mapping[str, Any]
    """detection: synthetic (first or second), a, b (ids); else set (a or b), conversation; faithfulness: options (how
    each came about), carried (what the run's evidence says of each), experts (value of the filters by name); quality:
    experts (value by name). Gold: answer."""
    words: int
    """Words to be read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The newest answer of one annotator to one task."""

    task: str
    annotator: str
    value: Any
    """detection: first, second or unsure; faithfulness: picked positions; quality: 1 to 5 by aspect."""
    seconds: float
    """From the first showing to the answer."""
    at: float
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Study:
    """A study with all that is known of it."""

    id: str
    plan: Plan
    tasks: Mapping[str, Task]
    answers: tuple[Answer, ...]
    assigned: Mapping[str, int]
    """By annotator: how many tasks are theirs."""
