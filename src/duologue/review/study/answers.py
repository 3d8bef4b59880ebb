"""What counts as an answer to a task, from the fields of its form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from duologue.errors import UsageError
from duologue.review.study.records import ASPECTS, Task


def answer_of(task: Task, fields: Sequence[tuple[str, str]]) -> Any:
    """The answer in the fields of a form. Raises UsageError, which says what is missing."""
    values = {name: value for name, value in fields if name != "pick"}
    if task.kind == "detection":
        choice = values.get("choice")
        if choice not in ("first", "second", "unsure"):
            raise UsageError("Choose first, second or can't tell, then confirm.")
        return choice
    if task.kind == "faithfulness":
        picks = {value for name, value in fields if name == "pick"}
        known = {str(i) for i in range(len(task.shown["options"]))}
        if not picks <= known | {"none"} or ("none" in picks and len(picks) > 1):
            raise UsageError("Pick the sentences that fit, or none of them, not both.")
        if not picks:
            raise UsageError("Pick the sentences that fit, or say that none does.")
        return sorted(int(p) for p in picks - {"none"})
    rated = {aspect: values.get(aspect, "") for aspect in ASPECTS}
    missing = [aspect for aspect, value in rated.items() if value not in ("1", "2", "3", "4", "5")]
    if missing:
        raise UsageError(f"Rate {', '.join(missing)} from 1 to 5 as well, then confirm.")
    return {aspect: int(value) for aspect, value in rated.items()}


def gold_passed(task: Task, answer: Any) -> bool:
    """Whether an answer to a gold question is the known one."""
    expected = task.hidden["answer"]
    if task.kind == "detection":
        return bool(answer == expected)
    if task.kind == "faithfulness":
        return set(expected) <= set(answer) and not set(task.hidden.get("never", ())) & set(answer)
    return all(answer[aspect] <= most for aspect, most in expected.items())
