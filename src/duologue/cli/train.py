"""``duologue train``: from a run's own results to a training set, or to an adapter."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from duologue.errors import UsageError
from duologue.text import printable
from duologue.training.apart import apart_helps
from duologue.training.orphan import end_with_parent
from duologue.training.train import Request, train_run


def train(
    run: Annotated[Path, typer.Argument(help="The run folder, or a folder that --data-only wrote.")],
    to: Annotated[Path, typer.Option("--to", help="The folder to write.")],
    what: Annotated[
        str | None,
        typer.Option(help="sft: on the winners; dpo: on winners against losers; the run's training.what without it."),
    ] = None,
    data_only: Annotated[
        bool, typer.Option("--data-only", help="Write the rows alone, also as hosted fine-tuning services take them.")
    ] = False,
    tasks: Annotated[
        str, typer.Option(help="turns, whole, query, bootstrap_query, attribute, by commas; the run's own without it.")
    ] = "",
    base: Annotated[
        str | None,
        typer.Option(
            help="A model of duologue models list, a .gguf file, a checkpoint or a hub id; the run's own model without it."
        ),
    ] = None,
    gguf: Annotated[
        Path | None, typer.Option(help="The GGUF file of a checkpoint's weights, for adapter.gguf.")
    ] = None,
    plan: Annotated[
        bool | None,
        typer.Option("--plan/--no-plan", help="Prompts of planned turns, or not; as the base is asked without it."),
    ] = None,
    examples: Annotated[
        int | None, typer.Option(min=0, help="Few-shot examples in prompts; as the base is asked without it.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Only the run's first so many iterations.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps, instead of passes over the rows.")] = None,
    epochs: Annotated[float | None, typer.Option(help="Most passes over the rows.")] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, help="Measurements without a lower held-out loss after which it stops.")
    ] = None,
    rank: Annotated[int | None, typer.Option(min=1, help="Rank of the LoRA matrices.")] = None,
    alpha: Annotated[float | None, typer.Option(help="The adapter is scaled by alpha / rank.")] = None,
    beta: Annotated[float | None, typer.Option(help="dpo: how strongly the adapter is held to the base.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Rows of a step.")] = None,
    rows_at_once: Annotated[
        int | None, typer.Option(min=1, help="Most rows computed together; fewer need less memory.")
    ] = None,
    every: Annotated[int | None, typer.Option(min=1, help="Steps between two checkpoints.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=16, help="Longer rows are left out.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Fixes order and start; the run's without it.")] = None,
    non_commercial: Annotated[
        bool, typer.Option("--non-commercial", help="The adapter will serve non-commercial use alone.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the set or adapter that is there, and start over.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Train a LoRA adapter on what a run's Critic chose; the same command goes on after a stop."""
    if what not in (None, "sft", "dpo"):
        raise UsageError(f"--what: {what!r} is not one of sft, dpo")
    values = {
        "what": what,
        "steps": steps,
        "epochs": epochs,
        "patience": patience,
        "rank": rank,
        "alpha": alpha,
        "beta": beta,
        "learning_rate": learning_rate,
        "batch": batch,
        "every": every,
        "max_tokens": max_tokens,
    }
    settings: dict[str, Any] = {name: v for name, v in values.items() if v is not None}
    request = Request(
        source=run,
        to=to,
        settings=settings,
        tasks=tuple(t.strip() for t in tasks.split(",") if t.strip()),
        base=base,
        gguf=gguf,
        plan=plan,
        examples=examples,
        rounds=rounds,
        seed=seed,
        rows_at_once=rows_at_once,
        data_only=data_only,
        non_commercial=non_commercial,
        force=force,
    )

    def say(line: str) -> None:
        if not quiet:
            typer.echo(printable(line))

    end_with_parent()
    asyncio.run(train_run(request, say, apart=apart_helps()))
