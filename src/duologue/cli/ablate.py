"""``duologue ablate``: what each part of the system is worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from duologue.cli.evaluate import progress_on_stderr
from duologue.cli.run import model_overrides
from duologue.config.load import load_config
from duologue.config.presets import PRESETS
from duologue.errors import UsageError
from duologue.text import printable

if TYPE_CHECKING:
    from duologue.evaluation import Report

HEADLINE = (
    "faithful_conversations",
    "contradictions",
    "coverage",
    "quality_coherency",
    "distinct_2",
    "repeats_within",
    "new_categories",
)
"""Measures that every variant is shown in, whether it differs or not; report.json has all."""


def ablate(
    config: Annotated[Path | None, typer.Argument(help="A configuration file; see duologue init.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the runs and the report.")] = None,
    preset: Annotated[str | None, typer.Option(help="Start from a preset: quick or paper.")] = None,
    seeds: Annotated[
        str | None,
        typer.Option(help="Seeds of all variants, as in duologue run; those of the configuration without it."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="A model, as in duologue run.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible endpoint, with /v1.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Most tokens to pay for, in all variants together.")] = None,
    max_cost: Annotated[float | None, typer.Option(help="Most money, in all variants together.")] = None,
    pairs: Annotated[int | None, typer.Option(help="Pairs of users, the same in every variant.")] = None,
    only: Annotated[str, typer.Option("--only", help="Some of the variants, with commas between.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="Print the variants and run none.")] = False,
    sample: Annotated[
        int, typer.Option(help="Conversations that small models are asked about, each variant.", min=1)
    ] = 150,
) -> None:
    """Run a configuration and its variants on the same seeds, share all calls, and compare them."""
    from duologue.ablation import ablate as run_all
    from duologue.ablation.variants import chosen, left_out
    from duologue.evaluation import Options, Sizes
    from duologue.evaluation.protocol import GROUPS
    from duologue.evaluation.rendering.files import write_report
    from duologue.evaluation.rendering.numbers import number

    if preset is not None and preset not in PRESETS:
        raise UsageError(f"--preset: no preset is named {preset!r}; there are {', '.join(sorted(PRESETS))}")
    overrides = {
        "pairing.pairs": pairs,
        "seeds.path": seeds,
        "budget.max_tokens": max_tokens,
        "budget.max_cost": max_cost,
        **model_overrides(model, base_url),
    }
    base = load_config(config, preset=preset, overrides={k: v for k, v in overrides.items() if v is not None})
    wanted = chosen(base, [name.strip() for name in only.split(",") if name.strip()])
    missing = {} if only else left_out(base)
    console = Console()
    if listed:
        for variant in wanted:
            typer.echo(printable(f"{variant.name:24} {variant.what}"))
        for name, why in missing.items():
            typer.echo(printable(f"{name:24} left out: {why}"))
        return
    if out is None:
        raise UsageError("--out: name the folder for the runs, such as --out my-ablation")
    low, high = base.generator.utterances
    options = Options(
        seed=base.seed,
        groups=tuple(g for g in GROUPS if g != "usefulness"),
        sizes=Sizes(model=sample),
        utterances=(low, high),
        seeds=base.seeds,
        models=base.small_models,
    )
    result = run_all(
        wanted,
        out,
        options,
        said=lambda text: typer.echo(printable(text)),
        progress=progress_on_stderr(False),
    )
    report = result.report
    made = Table("variant", "conversations", "of pairs", "new calls", title="What was made", title_justify="left")
    for one in result.made:
        made.add_row(Text(one.variant.name), str(one.conversations), str(one.pairs), f"{one.calls:,}")
    console.print(made)
    console.print(worth_table(report))
    worth = Table("left out or changed", "measure", "full", "variant", "worth", "95 % interval", "p")
    worth.title, worth.title_justify = "Every measure in which a variant differs (full less variant)", "left"
    values = {data.name: data.figures for data in report.data_sets}
    for gap in sorted(report.differences, key=lambda g: g.p_holm):
        if gap.p_holm < 0.05:
            metric = report.metrics[gap.metric]
            both = [number(values[name][gap.metric].value, metric) for name in (gap.first, gap.second)]
            span = f"{number(gap.low, metric)} to {number(gap.high, metric)}"
            cells = (gap.second, metric.title, *both, number(gap.difference, metric), span, f"{gap.p_holm:.2g}")
            worth.add_row(*(Text(printable(cell)) for cell in cells))
    if worth.row_count:
        console.print(worth)
    else:
        typer.echo("No variant differs from the full configuration beyond chance; more pairs show smaller differences.")
    for name, why in missing.items():
        typer.echo(printable(f"left out: {name}: {why}"))
    for line in result.empty:
        typer.echo(printable(f"not compared: {line}"))
    for path in write_report(report, out):
        typer.echo(f"Written: {path}")


def worth_table(report: Report) -> Table:
    """Full less variant in the headline measures, with 95 % intervals where there are any; * where it differs."""
    from duologue.evaluation.rendering.numbers import number
    from duologue.evaluation.rendering.scale import titled

    full, *others = report.data_sets
    shown = [n for n in HEADLINE if n in full.figures and any(n in data.figures for data in others)]
    gaps = {(gap.metric, gap.second): gap for gap in report.differences}
    table = Table(title="What each is worth (full less variant)", title_justify="left")
    table.add_column("left out or changed")
    for name in shown:
        table.add_column(Text(printable(titled(report.metrics[name]))), justify="right")
    for data in others:
        cells = []
        for name in shown:
            metric, gap, figure = report.metrics[name], gaps.get((name, data.name)), data.figures.get(name)
            if gap is not None:
                mark = "*" if gap.p_holm < 0.05 else ""
                span = f"[{number(gap.low, metric)}, {number(gap.high, metric)}]"
                cells.append(f"{number(gap.difference, metric)}{mark}\n{span}")
            else:
                cells.append("-" if figure is None else number(full.figures[name].value - figure.value, metric))
        table.add_row(*(Text(printable(cell)) for cell in (data.name, *cells)))
    return table
