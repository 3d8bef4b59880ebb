"""Results and answers as files: JSON with everything, CSV with one line an answer."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any

import orjson

from duologue.errors import UsageError
from duologue.export.write import write_file
from duologue.review.study.answers import gold_passed
from duologue.review.study.records import Study
from duologue.review.study.reliability import is_fast
from duologue.review.study.results import as_json, results
from duologue.review.study.store import plan_json
from duologue.spreadsheets import defused

COLUMNS = (
    "study",
    "kind",
    "task",
    "gold",
    "annotator",
    "answer",
    "truth",
    "set",
    "conversation",
    "right",
    "seconds",
    "fast",
    "at",
)


def json_of(study: Study) -> bytes:
    """The plan, the results (of all, and of trusted annotators), and every answer with what was hidden from people."""
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in _rows(study)]
    everything = {
        "study": study.id,
        "plan": plan_json(study.plan),
        "results": as_json(results(study)),
        "results_trusted": as_json(results(study, trusted_only=True)),
        "answers": rows,
    }
    return orjson.dumps(everything, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)


def csv_of(study: Study) -> bytes:
    """One line an answer; cells that a spreadsheet would compute are defused."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in _rows(study):
        writer.writerow(
            [defused(c if isinstance(c, str) else "" if c is None else orjson.dumps(c).decode()) for c in row]
        )
    return out.getvalue().encode()


def write_results(study: Study, to: Path) -> int:
    """Write to ``to``, by its ending .json or .csv; return the number of answers. Raises UsageError, also where it exists."""
    if to.suffix not in (".json", ".csv"):
        raise UsageError(f"--results {to}: the name must end in .json or .csv")
    body = json_of(study) if to.suffix == ".json" else csv_of(study)

    def write(path: Path) -> int:
        path.write_bytes(body)
        return len(study.answers)

    return write_file(write, to, mend="name another file")


def _rows(study: Study) -> list[tuple[Any, ...]]:
    rows = []
    for a in study.answers:
        task = study.tasks[a.task]
        hidden = task.hidden
        right: bool | None = None
        if task.gold:
            right = gold_passed(task, a.value)
        elif task.kind == "detection":
            right = a.value == hidden["synthetic"]
        truth = hidden.get("answer", hidden.get("synthetic", hidden.get("options")))
        conversation = hidden.get("conversation") or " ".join(str(hidden[k]) for k in ("a", "b") if k in hidden)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(a.at))
        rows.append((
            study.id, task.kind, task.id, task.gold, a.annotator, a.value, truth, hidden.get("set", ""), conversation, right,
            round(a.seconds, 2), is_fast(a, task), at,
        ))  # fmt: skip
    return rows
