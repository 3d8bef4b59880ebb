"""What people said in ``duologue review``, where the data set has been evaluated blind."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from duologue.datasets.source import DataSet
from duologue.errors import StoreError
from duologue.evaluation.records import ReviewReport
from duologue.review.database import place_of
from duologue.review.study.records import Study
from duologue.review.study.results import as_json, results
from duologue.review.study.store import read_studies


def reviews(data: DataSet) -> tuple[tuple[ReviewReport, ...], str]:
    """The studies of a data set with at least one answer, the newest first, and a note where they can't be shown.

    Annotators are counted, not named: reports are passed on.
    """
    if data.source.startswith("hf:"):
        return (), ""
    path = place_of(Path(data.source))
    if not path.is_file():
        return (), ""
    if find_spec("krippendorff") is None:
        return (), "its review is not shown, for krippendorff is not installed: pip install 'duologue[review]'"
    try:
        studies = read_studies(path)
    except StoreError as error:
        return (), str(error).replace(str(path), path.name)
    return tuple(_report(study) for study in studies if study.answers), ""


def _report(study: Study) -> ReviewReport:
    found: dict[str, Any] = as_json(results(study))
    return ReviewReport(
        study=study.id,
        source=_short(study.plan.source),
        against=_short(study.plan.against),
        annotators=len(found["annotators"]),
        doubtful=sum(bool(person["doubtful"]) for person in found["annotators"]),
        answers=len(study.answers),
        detection=found["detection"],
        faithfulness=found["faithfulness"],
        quality=found["quality"],
        experts=tuple(found["experts"]),
    )


def _short(source: str) -> str:
    return source if not source or source.startswith("hf:") else Path(source).name or Path(source).resolve().name
