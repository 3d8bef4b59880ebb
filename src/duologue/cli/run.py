"""``duologue run``: from seeds to a finished data set."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from duologue.api import RunResult, Watch, check_request
from duologue.api import run as run_api
from duologue.backends.make import check_model, judge_config
from duologue.config.load import load_config
from duologue.config.model_settings import with_model_settings
from duologue.config.presets import PRESETS
from duologue.config.sections import Config
from duologue.conversations.learnt import not_learnt
from duologue.errors import DuologueError, UsageError
from duologue.estimate import estimate_run
from duologue.models.fetch import PullProgress
from duologue.report.conversation import print_conversation
from duologue.report.estimate import print_estimate
from duologue.report.progress import Listener, Live, Plain, Silent
from duologue.report.stats import print_table
from duologue.report.summary import summarise
from duologue.seeds import Seeds, read_seeds
from duologue.store.reading import RunReader
from duologue.text import printable


def run(
    config: Annotated[Path | None, typer.Argument(help="A configuration file; see duologue init.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder: new, or one to go on with.")] = None,
    seeds: Annotated[
        str | None, typer.Option(help="Seed file, hf:DATASET_ID or shipped:vivid; plain shipped seeds without it.")
    ] = None,
    pairs: Annotated[int | None, typer.Option(help="Pairs of users, and so conversations.")] = None,
    preset: Annotated[str | None, typer.Option(help="Start from a preset: quick or paper.")] = None,
    profiles: Annotated[str | None, typer.Option(help="built: drawn anew; given: those in the seeds.")] = None,
    mode: Annotated[str | None, typer.Option(help="Generator: turns or whole.")] = None,
    iterations: Annotated[int | None, typer.Option(help="Rounds of the loop.")] = None,
    candidates: Annotated[int | None, typer.Option(help="Candidates per pair and round.")] = None,
    model: Annotated[
        str | None,
        typer.Option(help="A model of duologue models list, a .gguf file, an endpoint's model, or scripted."),
    ] = None,
    adapter: Annotated[
        Path | None, typer.Option(help="Embedded models: an adapter that duologue train wrote, for this model.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible endpoint, with /v1.")] = None,
    seed: Annotated[int | None, typer.Option(help="Fixes every random choice.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Most tokens to pay for; then the run ends in order.")] = None,
    max_cost: Annotated[float | None, typer.Option(help="Most money, in the currency of budget's prices.")] = None,
    executor: Annotated[str | None, typer.Option(help="Where the work is done: local or ray.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Estimate calls, tokens, time and money; load, call and write nothing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Make a data set of conversations between pairs of users."""
    if preset is not None and preset not in PRESETS:
        raise UsageError(f"--preset: no preset is named {preset!r}; there are {', '.join(sorted(PRESETS))}")
    if out is None and not dry_run:
        raise UsageError("--out: name the folder for the run, such as --out my-run")
    overrides: dict[str, object] = {
        "seeds.path": seeds,
        "pairing.pairs": pairs,
        "profiles.source": profiles,
        "generator.mode": mode,
        "loop.iterations": iterations,
        "generator.candidates": candidates,
        "seed": seed,
        "model.adapter": adapter,
        "budget.max_tokens": max_tokens,
        "budget.max_cost": max_cost,
        "executor.kind": executor,
        **model_overrides(model, base_url),
    }
    chosen = load_config(config, preset=preset, overrides={k: v for k, v in overrides.items() if v is not None})
    console = Console()
    if not quiet:
        for line in not_learnt(chosen):
            console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
    if dry_run:
        seeds_read = read_seeds(chosen.seeds)
        check_request(seeds_read, chosen)
        check_model(chosen)
        judge_config(chosen)
        _print_notes(console, seeds_read)
        print_estimate(console, estimate_run(with_model_settings(chosen), seeds_read, out))
        return
    assert out is not None
    result = run_api(chosen, out, watch=watching(console, quiet), on_pull=None if quiet else pulls(console))
    if not quiet:
        _report(console, result, chosen)
    if not result.conversations:
        raise DuologueError(
            f"{result.folder}: no candidate passed the Critic, so the data set is empty; duologue items {_name(result)} "
            "tells why; choose a better model or change the section critic"
        )


def model_overrides(model: str | None, base_url: str | None) -> dict[str, object]:
    """The settings of ``--model`` and ``--base-url``; None values are to be left out."""
    if model == "scripted":
        small = {f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")}
        return {"model.backend": "scripted", "model.name": "scripted", **small}
    chosen: dict[str, object] = {"model.name": model}
    if base_url is not None:
        chosen |= {"model.backend": "endpoint", "model.base_url": base_url}
    return chosen


def watching(console: Console, quiet: bool) -> Watch:
    """How a command shows the progress of its run."""

    def watch(speed: Callable[[], str]) -> Listener:
        if quiet:
            return Silent()
        return Live(console, speed) if console.is_terminal else Plain(sys.stdout, speed)

    return watch


def pulls(console: Console) -> Callable[[PullProgress], None]:
    """How a command shows the fetching of models."""
    said: dict[str, float] = {}

    def on_pull(progress: PullProgress) -> None:
        now = time.monotonic()
        last = said.get(progress.model, 0.0)
        if progress.state == "failed":
            console.print(f"{progress.model}: {progress.source}: {progress.note}", markup=False, highlight=False)
        elif now - last >= 5.0:
            said[progress.model] = now
            done, total = progress.done // 1_000_000, progress.total // 1_000_000
            console.print(f"{progress.state} {progress.model}: {done} of {total} MB", markup=False, highlight=False)

    return on_pull


def _print_notes(console: Console, seeds: Seeds) -> None:
    for note in seeds.notes:
        console.print(printable(f"{seeds.source}: {note}"), markup=False, highlight=False, soft_wrap=True)


def _report(console: Console, result: RunResult, config: Config) -> None:
    console.print()
    _print_notes(console, result.seeds)
    print_table(console, result.accounts)
    with RunReader(result.folder) as reader:
        for line in summarise(reader).lines():
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        for number, conversation in enumerate(reader.conversations()):
            if number == 2:
                break
            console.print()
            print_conversation(console, conversation)
    minutes, seconds = divmod(int(result.seconds), 60)
    console.print()
    lines = [
        f"{result.conversations} of {result.pairs} conversations finished in {minutes} min {seconds} s with "
        f"{config.model.name}: {result.folder}"
    ]
    if result.conversations:
        name = _name(result)
        lines.append(
            f"Next: duologue show {name} | duologue stats {name} | duologue export {name} --format jsonl --to data.jsonl"
        )
    for line in map(printable, lines):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _name(result: RunResult) -> str:
    """The run folder as a shell takes it."""
    return shlex.quote(str(result.folder))
