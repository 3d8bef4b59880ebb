"""How far single annotators can be relied on: gold questions, speed, and agreement with the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from duologue.review.study.answers import gold_passed
from duologue.review.study.records import Answer, Study, Task

WORDS_PER_SECOND = 16.0
"""Faster than this, some 1,000 words a minute, nobody reads."""
_GOLD, _FAST = 0.7, 0.2
"""An annotator who passes fewer gold questions, or hurries through more tasks, is marked."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """One annotator. Shares are in [0, 1], None of nothing."""

    name: str
    assigned: int
    answered: int
    gold: int
    """Gold questions answered."""
    gold_passed: int
    fast: int
    """Answers given sooner than the texts can be read."""
    seconds: float | None
    """Median time of an answer."""
    agreement: float | None
    """Share of answers that are the majority's among the others on the same task; only tasks that have one count."""

    @property
    def doubtful(self) -> bool:
        """Whether gold questions or speed speak against the annotator."""
        return (self.gold > 0 and self.gold_passed < _GOLD * self.gold) or (
            self.answered > 0 and self.fast > _FAST * self.answered
        )


def is_fast(answer: Answer, task: Task) -> bool:
    """Whether the answer came sooner than the task can be read."""
    return answer.seconds < task.words / WORDS_PER_SECOND


def reliability(study: Study) -> tuple[Reliability, ...]:
    """Every annotator of a study."""
    by_task: dict[str, dict[str, Any]] = {}
    for a in study.answers:
        by_task.setdefault(a.task, {})[a.annotator] = a.value
    found = []
    for name, assigned in study.assigned.items():
        own = [a for a in study.answers if a.annotator == name]
        golds = [a for a in own if study.tasks[a.task].gold]
        units = [
            same
            for a in own
            if not study.tasks[a.task].gold
            for same in _with_majority(study.tasks[a.task], name, by_task[a.task])
        ]
        times = sorted(a.seconds for a in own)
        found.append(
            Reliability(
                name,
                assigned,
                len(own),
                len(golds),
                sum(gold_passed(study.tasks[a.task], a.value) for a in golds),
                sum(is_fast(a, study.tasks[a.task]) for a in own),
                times[len(times) // 2] if times else None,
                sum(units) / len(units) if units else None,
            )
        )
    return tuple(found)


def units_of(task: Task, value: Any) -> Mapping[str, Any]:
    """An answer as single labels: one for detection, one an option, one an aspect."""
    if task.kind == "detection":
        return {"": value}
    if task.kind == "faithfulness":
        return {str(i): i in value for i in range(len(task.shown["options"]))}
    return {str(aspect): score for aspect, score in value.items()}


def _with_majority(task: Task, name: str, answers: Mapping[str, Any]) -> list[bool]:
    """For each label of ``name``: whether it is the majority's of the others; ratings next to it count as the same."""
    others = [units_of(task, value) for who, value in answers.items() if who != name]
    same = []
    for unit, own in units_of(task, answers[name]).items():
        votes = Counter(o[unit] for o in others).most_common(2)
        if not votes or (len(votes) == 2 and votes[0][1] == votes[1][1]):
            continue
        same.append(abs(own - votes[0][0]) <= 1 if task.kind == "quality" else own == votes[0][0])
    return same
