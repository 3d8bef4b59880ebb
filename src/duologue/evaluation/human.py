"""The reference, measured as data sets are in whatever has people as its measure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from duologue.datasets import located, open_dataset
from duologue.datasets.source import DataSet
from duologue.evaluation.measure import Measured, Progress, Sizes, look, read
from duologue.evaluation.reference import Reference, make_reference
from duologue.evaluation.registry import AnyMetric
from duologue.evaluation.reporting import short
from duologue.evaluation.view import Roles


def read_reference(
    source: str | Path,
    metrics: Sequence[AnyMetric],
    roles: Roles,
    *,
    format_: str,
    seed: int,
    sizes: Sizes,
    processes: int = 1,
    progress: Progress = lambda what, n: None,
) -> tuple[Measured, Reference]:
    """Go through the reference once: for those of the metrics whose direction is ``human``, and for distances to it.

    The metrics must be fresh. Raises UsageError when it can't be read.
    """
    held = [m for m in metrics if m.direction == "human" and "judge" not in m.needs]
    found = read(
        open_dataset(source, format_), held, roles, seed=seed, sizes=sizes, processes=processes, progress=progress
    )
    return found, make_reference(short(found.data.source), found.model_views)


def look_at_reference(
    reference: Measured,
    found: Sequence[Measured],
    roles: Roles,
    *,
    seed: int,
    progress: Progress = lambda what, n: None,
) -> None:
    """Measure what is measured of the reference's samples; nothing anew where it is one of the data sets in ``found``."""
    same = next((one for one in found if is_reference(one.data, reference.data)), None)
    if same is None:
        look(reference, roles, seed=seed, progress=progress)
        return
    names = {m.name for m in reference.metrics}
    reference.estimates = {name: made for name, made in same.estimates.items() if name in names}
    reference.samples = {name: sample for name, sample in same.samples.items() if name in names}
    reference.absent = {name: why for name, why in same.absent.items() if name in names}


def is_reference(data: DataSet, reference: DataSet) -> bool:
    """Whether a data set is the reference; a round of a run is not, nor an earlier revision."""
    whole = not getattr(data.reader, "iteration", 0) and getattr(data.reader, "revision", None) is None
    return whole and located(data.source) == located(reference.source)


def reference_notes(reference: Measured, found: Sequence[Measured]) -> tuple[str, ...]:
    """Rows of the reference that were left out or are out of form; none where they are told of a data set already."""
    if any(is_reference(one.data, reference.data) for one in found):
        return ()
    odd = [*reference.data.problems.lines(), *reference.data.problems.irregular_lines()]
    return (f"{short(reference.data.source)} (reference): " + "; ".join(odd),) if odd else ()
