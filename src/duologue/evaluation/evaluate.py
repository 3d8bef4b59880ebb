"""The public way to evaluate data sets from Python: :func:`evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from duologue import __version__
from duologue.backends.protocol import Backend
from duologue.config.sections import SeedsConfig, SmallModelsConfig
from duologue.datasets import open_dataset
from duologue.datasets.readers.run import RunFolderReader, iterations
from duologue.datasets.source import DataSet
from duologue.errors import UsageError
from duologue.evaluation.bootstrap import CONFIDENCE, REPLICATES, difference, holm
from duologue.evaluation.human import look_at_reference, read_reference, reference_notes
from duologue.evaluation.judges.options import JudgeOptions
from duologue.evaluation.judges.plan import JudgePlan, plan_judging
from duologue.evaluation.judges.report import judge_sets, judged_sets
from duologue.evaluation.leaks import add_leaks
from duologue.evaluation.measure import (
    Common,
    Measured,
    Progress,
    Sizes,
    common,
    look,
    read,
    read_sample,
    share_topics,
    too_small,
)
from duologue.evaluation.own_seeds import named_seeds, roles_by_set, seed_reports
from duologue.evaluation.protocol import GROUPS, Group
from duologue.evaluation.records import Gap, JudgeReport, Report, ReviewReport
from duologue.evaluation.registry import AnyMetric, make_metrics
from duologue.evaluation.reporting import describe, names_of, notes_of, report_of, topics_of
from duologue.evaluation.reviews import reviews
from duologue.evaluation.run_account import add_acceptance, circular
from duologue.evaluation.usefulness.generator import GeneratorOptions
from duologue.evaluation.view import Roles
from duologue.models.embedder import load_embedder
from duologue.models.nli import load_nli
from duologue.models.toxicity import load_toxicity


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure and how."""

    seed: int = 0
    groups: tuple[Group, ...] = GROUPS
    sizes: Sizes = field(default_factory=Sizes)
    format: str = "auto"
    """The reader of every data set; ``auto`` goes by content."""
    utterances: tuple[int, int] | None = None
    """Fewest and most utterances that were asked for; None: the paper's 12 to 14."""
    reference: str | Path | None = None
    """Human conversations that each data set's likeness is measured by; None: distances to them are left out."""
    seeds: str | Path | SeedsConfig | None = None
    """The seed attributes that the data sets were made from; None: those that a run holds, and of other data sets what is new, or
    comes back, is not measured."""
    by_iteration: bool = False
    """Put the winners of each iteration of a run beside its data set."""
    generator: GeneratorOptions = field(default_factory=GeneratorOptions)
    """The generator whose perplexities are measured, where the packages of the extra ``train`` are installed."""
    judge: JudgeOptions | None = None
    """The language model that judges; None: nobody is asked and nothing is paid."""
    processes: int = 1
    """Processes that measure a large data set; more than one only in a program whose main module can be imported again
    (``if __name__ == "__main__"``), as the command's can. The report is the same."""
    models: SmallModelsConfig = field(default_factory=lambda: SmallModelsConfig.model_validate({}))


def evaluate(
    source: str | Path,
    against: Sequence[str | Path] = (),
    options: Options | None = None,
    *,
    progress: Progress = lambda what, n: None,
    backend: Backend | None = None,
) -> Report:
    """Measure a data set, and others beside it; the first is compared with each other one.

    ``backend`` replaces that of the judge's configuration. The same data, options and seed give the same report, and a
    judge whose answers are in its log is not asked again. Raises UsageError when a source can't be read, or not one row
    of it, and ModelError when a model can't be had.
    """
    options = options or Options()
    sources, names = _sources(source, against, options)
    return evaluate_sets(sources, names, options, progress=progress, backend=backend)


def plan_judges(source: str | Path, against: Sequence[str | Path] = (), options: Options | None = None) -> JudgePlan:
    """What the judges of ``options`` would be asked about these data sets: calls, tokens, money and time.

    The data sets are read; no model is loaded, called or fetched. Raises UsageError when ``options`` name no judge, a
    source can't be read or the model can't be.
    """
    options = options or Options()
    if options.judge is None:
        raise UsageError("no judge is named; give Options(judge=JudgeOptions(...)), or --judge")
    sources, names = _sources(source, against, options)
    roles = Roles()
    pools = [read_sample(data, roles, seed=options.seed, sizes=options.sizes) for data in sources]
    return plan_judging(judged_sets(names, pools, options.judge), options.judge, roles, seed=options.seed)


def _sources(source: str | Path, against: Sequence[str | Path], options: Options) -> tuple[list[DataSet], list[str]]:
    """The data sets in order, opened, and their names."""
    sources = [open_dataset(s, options.format) for s in (source, *against)]
    names = names_of(sources)
    if options.by_iteration:
        for data, name in list(zip(sources, names, strict=True)):
            for n in iterations(data.source) if data.format == "run" else ():
                sources.append(DataSet(data.source, RunFolderReader(iteration=n)))
                names.append(f"{name}, iteration {n}")
    return sources, names


def evaluate_sets(
    sources: Sequence[DataSet],
    names: Sequence[str],
    options: Options,
    *,
    progress: Progress = lambda what, n: None,
    backend: Backend | None = None,
) -> Report:
    """Like :func:`evaluate`, for data sets that are open already, under these names."""
    kinds = options.judge.kinds if options.judge is not None else ()
    wanted = make_metrics(options.groups, options.utterances, kinds)
    roles = _roles(wanted, options)
    human: Measured | None = None
    if options.reference is not None:
        human, reference = read_reference(
            options.reference,
            make_metrics(options.groups, options.utterances),
            roles,
            format_=options.format,
            seed=options.seed,
            sizes=options.sizes,
            processes=options.processes,
            progress=_of("reference", progress),
        )
        roles = replace(roles, reference=reference)
    found: list[Measured] = []
    by_set = roles_by_set(sources, roles, named=options.seeds is not None)
    for data, name, own_roles in zip(sources, names, by_set, strict=True):
        own = make_metrics(options.groups, options.utterances, kinds)
        found.append(
            read(
                data,
                own,
                own_roles,
                seed=options.seed,
                sizes=options.sizes,
                processes=options.processes,
                progress=_of(name, progress),
            ),
        )
    shared = common(found, options.seed)
    topics = share_topics(found, roles)
    for one, name, own_roles in zip(found, names, by_set, strict=True):
        look(
            one,
            own_roles,
            seed=options.seed,
            common=shared,
            generator=options.generator,
            progress=_of(name, progress),
        )
    if human is not None:
        look_at_reference(human, found, roles, seed=options.seed, progress=_of("reference", progress))
    add_leaks(found, names, reference=options.reference, format_=options.format, seed=options.seed)
    for one in found:
        add_acceptance(one, options.seed)
    judges: JudgeReport | None = None
    if options.judge is not None:
        judges = judge_sets(found, names, options.judge, roles, seed=options.seed, backend=backend, progress=progress)
    said, notes = _reviews(sources, names)
    notes += [
        f"{name}: {note}" for name, one in zip(names, found, strict=True) if (note := circular(one, options.models))
    ]
    return Report(
        duologue=__version__,
        seed=options.seed,
        replicates=REPLICATES,
        confidence=CONFIDENCE,
        models={
            role: model.name
            for role, model in (("embedder", roles.embedder), ("nli", roles.nli), ("toxicity", roles.toxicity))
            if model is not None
        },
        metrics={metric.name: describe(metric, shared.sizes.get(metric.name)) for metric in wanted},
        data_sets=tuple(report_of(name, one, r, human) for name, one, r in zip(names, found, said, strict=True)),
        reference=report_of(names_of([human.data])[0], human) if human is not None else None,
        seeds=seed_reports(found, names, by_set, shared.sizes),
        differences=tuple(
            gap
            for name, other in zip(names[1:], found[1:], strict=True)
            for gap in gaps(names[0], found[0], name, other, shared)
        ),
        judges=judges,
        topics=topics_of(topics, found, names),
        notes=(
            *notes_of(found, names, options.reference, shared),
            *(reference_notes(human, found) if human is not None else ()),
            *notes,
        ),
    )


def _of(name: str, progress: Progress) -> Progress:
    return lambda what, n: progress(f"{name}: {what}", n)


def gaps(first: str, one: Measured, second: str, other: Measured, common: Common) -> list[Gap]:
    """All differences between two data sets, corrected together, but of what was measured at different sizes."""
    shared = [
        name
        for name in one.estimates
        if name in other.estimates and not any(too_small(name, m, common) for m in (one, other))
    ]
    tested = [(n, d) for n in shared if (d := difference(one.estimates[n], other.estimates[n])) is not None]
    corrected = holm([d[3] for _, d in tested])
    least = min(len(one.clusters), len(other.clusters))
    paired = bool(least) and len(one.clusters & other.clusters) * 2 >= least
    return [
        Gap(
            metric=name,
            first=first,
            second=second,
            difference=value,
            low=low,
            high=high,
            p=p,
            p_holm=adjusted,
            paired=paired,
        )
        for (name, (value, low, high, p)), adjusted in zip(tested, corrected, strict=True)
    ]


def _reviews(sources: Sequence[DataSet], names: Sequence[str]) -> tuple[list[tuple[ReviewReport, ...]], list[str]]:
    """What people said of each data set, and notes where that can't be shown."""
    found: list[tuple[ReviewReport, ...]] = []
    notes: list[str] = []
    for data, name in zip(sources, names, strict=True):
        # A round of a run's loop is no data set that people were shown.
        if isinstance(data.reader, RunFolderReader) and data.reader.iteration:
            found.append(())
            continue
        held, note = reviews(data)
        found.append(held)
        if note:
            notes.append(f"{name}: {note}")
    return found, notes


def _roles(metrics: Sequence[AnyMetric], options: Options) -> Roles:
    """Load the small models that any metric needs, and no others."""
    needs = {need for metric in metrics for need in metric.needs}
    models = options.models
    return Roles(
        load_embedder(models.embedder) if "embedder" in needs else None,
        load_nli(models.nli) if "nli" in needs else None,
        load_toxicity(models.toxicity, perspective=models.perspective) if "toxicity" in needs else None,
        seeds=named_seeds(options.seeds),
    )


def check_groups(names: Sequence[str]) -> tuple[Group, ...]:
    """The groups of these names, in the order of the report. Raises UsageError for an unknown one."""
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        raise UsageError(f"--groups: there is no group {unknown[0]!r}; groups: {', '.join(GROUPS)}")
    return tuple(group for group in GROUPS if group in names) if names else GROUPS
