"""The seeds that data sets were made from: those that were named, or those that a run holds; and figures of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from duologue.config.sections import SeedsConfig
from duologue.datasets.readers.run import RunFolderReader, run_folder
from duologue.datasets.source import DataSet, located
from duologue.evaluation.measure import Measured
from duologue.evaluation.metrics.expansion import DISTANCE, between_categories, per_100, seed_vectors
from duologue.evaluation.records import Figure, SeedsReport
from duologue.evaluation.view import Roles
from duologue.seeds import read_seeds
from duologue.store.reading import RunReader
from duologue.text import normalise
from duologue.users.clustering import cluster, groups

LEAST = 50
"""Fewest seeds that measures of a part are made of, as of a data set."""


def named_seeds(source: str | Path | SeedsConfig | None) -> tuple[str, ...]:
    """The different seeds of a source; none for None. Raises SeedError when it can't be read."""
    if source is None:
        return ()
    config = source if isinstance(source, SeedsConfig) else SeedsConfig.model_validate({"path": str(source)})
    return tuple(dict.fromkeys(text for profile in read_seeds(config).profiles for text in profile))


def roles_by_set(sources: Sequence[DataSet], roles: Roles, *, named: bool) -> list[Roles]:
    """The roles of each data set: with a run's own seeds, as its configuration gave them to it, unless seeds are ``named``.

    What is computed of seeds is kept by roles, so the rounds of a run share theirs.
    """
    held: dict[tuple[str, int | None], Roles] = {}
    found = []
    for data in sources:
        if named or not isinstance(data.reader, RunFolderReader):
            found.append(roles)
            continue
        key = (located(data.source), data.reader.revision)
        if key not in held:
            own = _of_run(data.source, data.reader.revision)
            held[key] = replace(roles, seeds=own) if own else roles
        found.append(held[key])
    return found


def _of_run(source: str, revision: int | None) -> tuple[str, ...]:
    with RunReader(run_folder(Path(source)), revision) as run:
        texts = (str(item.value()["text"]) for item in run.items("seed", status="accepted"))
        return tuple(dict.fromkeys(texts))


def seed_reports(
    found: Sequence[Measured], names: Sequence[str], roles: Sequence[Roles], sizes: Mapping[str, int]
) -> tuple[SeedsReport, ...]:
    """The figures of the seeds, once for all data sets that share them; none without the group expansion.

    ``sizes``: how much measures that depend on it read at a time, where data sets are compared.
    """
    shared: dict[int, list[int]] = {}
    for place, one in enumerate(roles):
        if one.seeds and any(m.name == "attributes" for m in found[place].metrics):
            shared.setdefault(id(one), []).append(place)
    return tuple(
        SeedsReport(
            data_sets=tuple(names[place] for place in places),
            figures=_figures(roles[places[0]], [found[place] for place in places], sizes),
        )
        for places in shared.values()
    )


def _figures(roles: Roles, found: Sequence[Measured], sizes: Mapping[str, int]) -> dict[str, Figure]:
    flat = list(dict.fromkeys(text for seed in roles.seeds if (text := normalise(seed))))
    made = {
        "attributes": _figure(float(len(flat)), len(flat)),
        "attribute_length": _figure(sum(len(text.split()) for text in flat) / max(1, len(flat)), len(flat)),
    }
    if roles.embedder is None:
        return made
    vectors = seed_vectors(roles)
    made["categories"] = _figure(float(len(groups(cluster(vectors, DISTANCE)))), len(vectors))
    for name, measure in (("clusters", per_100), ("inter_cluster_distance", between_categories)):
        # Both go up or down with how much is read, so the seeds are read as far as the data sets are.
        read = [min(one.sized[name].amount(one.sample_of(one.sized[name])), one.sized[name].most) for one in found]
        part = vectors[: int(sizes.get(name, min(read)))]
        value = measure(part) if len(part) >= LEAST else None
        if value is not None:
            made[name] = _figure(value, len(part))
    return made


def _figure(value: float, n: int) -> Figure:
    return Figure(value=value, low=value, high=value, n=n, interval=False)
