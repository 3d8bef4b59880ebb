"""``duologue evaluate``: measure any data set of persona-based conversations, and others beside it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from duologue.errors import UsageError

if TYPE_CHECKING:
    from duologue.config.sections import SmallModelsConfig
    from duologue.evaluation.judges.options import JudgeOptions
    from duologue.evaluation.judges.plan import JudgePlan
    from duologue.evaluation.measure import Progress

PROCESSES = 8
"""Most processes that measure a large data set: each takes memory, and one alone reads it."""


def evaluate(
    data: Annotated[
        str,
        typer.Argument(
            help="A run folder, a file (an export as jsonl, parquet, spc or convai2; those as chat, preference, inference and "
            "evidence are not read), a folder of Parquet files, or hf:ID[:SPLIT]."
        ),
    ],
    against: Annotated[
        list[str] | None, typer.Option("--against", help="A further data set to compare with; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for report.json, report.html and report.md.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="Human conversations that likeness is measured by.")
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option("--seeds", help="The seed attributes that the data sets were made from; a run's own without it."),
    ] = None,
    small_models: Annotated[
        str, typer.Option("--small-models", help="builtin, or scripted: stand-ins without weights, for trials.")
    ] = "builtin",
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", help="A configuration, of which the section small_models holds: which models measure."
        ),
    ] = None,
    groups: Annotated[
        str, typer.Option("--groups", help="Some of the metrics' groups, with commas between; all without it.")
    ] = "",
    format_name: Annotated[str, typer.Option("--format", help="The data sets' format; auto goes by content.")] = "auto",
    seed: Annotated[int, typer.Option(help="Fixes the samples and the bootstrap.", min=0)] = 0,
    sample: Annotated[
        int, typer.Option(help="Conversations that measures which ask a small model are taken of.", min=1)
    ] = 150,
    text_sample: Annotated[
        int, typer.Option("--text-sample", help="Conversations that measures of many texts are taken of.", min=1)
    ] = 2000,
    utterances: Annotated[
        tuple[int, int] | None, typer.Option("--utterances", help="Fewest and most utterances that were asked for.")
    ] = None,
    by_iteration: Annotated[
        bool, typer.Option("--by-iteration", help="Put the winners of each iteration of a run beside it.")
    ] = False,
    generator: Annotated[
        str,
        typer.Option(
            "--generator",
            help="Trained for perplexities, with the extra train: tiny, none, or a base model as in duologue train.",
        ),
    ] = "tiny",
    generator_train: Annotated[
        int, typer.Option("--generator-train", help="Most utterances that it is trained on.", min=20)
    ] = 800,
    generator_test: Annotated[
        int, typer.Option("--generator-test", help="Most utterances that it is tried on.", min=1)
    ] = 400,
    generator_epochs: Annotated[
        int | None,
        typer.Option(
            "--generator-epochs", help="Passes over them; 3 for tiny, 1 for others where it is not given.", min=1
        ),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge",
            help="A language model that judges: a name as in duologue run --model, or a .yaml file with its section model.",
        ),
    ] = None,
    judge_url: Annotated[
        str | None, typer.Option("--judge-url", help="Address of the judge's OpenAI-compatible endpoint, with /v1.")
    ] = None,
    judge_sample: Annotated[
        int, typer.Option("--judge-sample", help="Conversations of each data set that the judge rates.", min=1)
    ] = 50,
    judge_kinds: Annotated[
        str,
        typer.Option("--judge-kinds", help="Of geval, gpt-score, llm-eval, formal, pairwise, with commas between."),
    ] = "",
    judge_log: Annotated[
        Path | None, typer.Option("--judge-log", help="Folder for the judge's log of calls; OUT/judge without it.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Estimate what the judge costs; measure, call and write nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask the judge without a question first.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Write over a report that is in the folder.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no progress and no tables.")] = False,
) -> None:
    """Measure faithfulness, cleanliness, diversity and more, with intervals, and write the report."""
    from dataclasses import replace as replaced

    from duologue.evaluation.evaluate import Options, check_groups, plan_judges
    from duologue.evaluation.evaluate import evaluate as measure
    from duologue.evaluation.measure import Sizes
    from duologue.evaluation.rendering.files import check_folder, write_report
    from duologue.evaluation.rendering.terminal import print_report
    from duologue.evaluation.usefulness.generator import GeneratorOptions

    if utterances is not None and not 1 <= utterances[0] <= utterances[1]:
        raise UsageError("--utterances: give the fewest and the most, such as --utterances 10 16")
    chosen = check_groups([name.strip() for name in groups.split(",") if name.strip()])
    if out is not None:
        check_folder(out, replace=replace)
    options = Options(
        seed=seed,
        groups=chosen,
        sizes=Sizes(text=text_sample, model=sample),
        format=format_name,
        utterances=utterances,
        reference=reference,
        seeds=seeds,
        by_iteration=by_iteration,
        generator=GeneratorOptions(generator, train=generator_train, test=generator_test, epochs=generator_epochs),
        models=_models(small_models, config),
        processes=min(PROCESSES, os.cpu_count() or 1),
    )
    console = Console()
    if judge is not None:
        options = replaced(options, judge=_judge(judge, judge_url, judge_sample, judge_kinds, judge_log, out))
        if not _agreed(console, plan_judges(data, against or (), options), dry_run=dry_run, yes=yes):
            return
    elif dry_run:
        raise UsageError("--dry-run: estimates what a judge costs; name one with --judge")
    report = measure(data, against or (), options, progress=progress_on_stderr(quiet))
    if not quiet:
        print_report(console, report)
    if out is not None:
        for path in write_report(report, out):
            typer.echo(f"Written: {path}")


def _judge(name: str, url: str | None, sample: int, kinds: str, log: Path | None, out: Path | None) -> JudgeOptions:
    from duologue.config.load import load_config
    from duologue.evaluation.judges.asking import check_log_folder
    from duologue.evaluation.judges.options import JudgeOptions, check_kinds

    folder = log or (out / "judge" if out is not None else None)
    if folder is None:
        raise UsageError("--judge: its answers are kept in a log; name a folder with --out or --judge-log")
    check_log_folder(folder)
    chosen = check_kinds([kind.strip() for kind in kinds.split(",") if kind.strip()])
    if name.endswith((".yaml", ".yml")):
        config = load_config(Path(name), overrides={"model.base_url": url})
    else:
        backend = "scripted" if name == "scripted" else "endpoint" if url else None
        overrides = {"model.name": name, "model.backend": backend, "model.base_url": url}
        config = load_config(overrides={k: v for k, v in overrides.items() if v is not None})
    return JudgeOptions(folder, config, sample=sample, kinds=chosen)


def _agreed(console: Console, plan: JudgePlan, *, dry_run: bool, yes: bool) -> bool:
    """Show what the judge will cost; True when it may be asked. Raises UsageError where nobody can answer."""
    from duologue.report.estimate import print_estimate

    print_estimate(console, plan.estimate)
    if dry_run:
        return False
    if yes or not plan.calls:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            f"--judge: would make {plan.calls:,} calls; give --yes to agree, or --dry-run to see them only"
        )
    return typer.confirm(f"Ask the judge, {plan.calls:,} calls?")


def _models(name: str, config: Path | None) -> SmallModelsConfig:
    from duologue.config.load import load_config
    from duologue.config.sections import SmallModelsConfig

    if name not in ("builtin", "scripted"):
        raise UsageError(f"--small-models: there is no set {name!r}; use builtin or scripted")
    if config is not None:
        if name != "builtin":
            raise UsageError("--config: its section small_models says which models measure; leave --small-models out")
        return load_config(config).small_models
    chosen = dict.fromkeys(("embedder", "nli", "toxicity"), "scripted") if name == "scripted" else {}
    return SmallModelsConfig.model_validate(chosen)


def progress_on_stderr(quiet: bool) -> Progress:
    """Say on stderr what is being done, at most every five seconds."""
    console = Console(stderr=True)
    last = time.monotonic()

    def progress(what: str, n: int) -> None:
        nonlocal last
        now = time.monotonic()
        if not quiet and now - last >= 5.0:
            last = now
            console.print(f"{what}: {n:,}" if n else what, markup=False, highlight=False, soft_wrap=True)

    return progress
