"""What ``duologue train`` does: read a run or a training set, write the rows or train an adapter."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from duologue.config.sections import Config, ModelConfig, TrainingConfig
from duologue.errors import UsageError
from duologue.models.embedder import load_embedder
from duologue.models.nli import load_nli
from duologue.models.protocol import Embedder, Floats, Nli
from duologue.store.reading import RunReader
from duologue.training.apart import fit_apart
from duologue.training.asked import Asked, asked_in, asked_of, same_model
from duologue.training.base import Base, find_base
from duologue.training.collect import PURPOSES, collect, run_config, tasks_of
from duologue.training.extras import check_extra
from duologue.training.lora_gguf import KNOWN
from duologue.training.options import Options
from duologue.training.sets import (
    LEAST,
    TrainingSet,
    check_enough,
    is_set,
    make_set,
    read_set,
    run_facts,
    set_config,
    write_set,
)
from duologue.training.terms import check_terms, writers_terms
from duologue.training.whole import check_target

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What is wanted of :func:`train_run`; see ``duologue train --help``."""

    source: Path
    to: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the configuration's section ``training`` that differ from the run's."""
    tasks: tuple[str, ...] = ()
    base: str | None = None
    gguf: Path | None = None
    plan: bool | None = None
    examples: int | None = None
    rounds: int | None = None
    seed: int | None = None
    rows_at_once: int | None = None
    data_only: bool = False
    non_commercial: bool = False
    force: bool = False


class Lazy:
    """The run's embedder and NLI model, loaded when a Generator asks one of them."""

    def __init__(self, config: Config) -> None:
        self._config = config.small_models
        self.name = "lazy"

    def embed(self, texts: Any) -> Floats:
        """See the Embedder Protocol."""
        return self._embedder.embed(texts)

    def predict(self, pairs: Any) -> Floats:
        """See the Nli Protocol."""
        return self._nli.predict(pairs)

    @cached_property
    def _embedder(self) -> Embedder:
        return load_embedder(self._config.embedder)

    @cached_property
    def _nli(self) -> Nli:
        return load_nli(self._config.nli)


async def training_set(request: Request, say: Say) -> tuple[TrainingSet, Config]:
    """Read the rows; the configuration is that of the run, as far as training goes by it, with the model that they are for.

    Raises UsageError, StoreError or ImpossibleRequest.
    """
    if is_set(request.source):
        given = {
            "tasks": request.tasks or None,
            "plan": request.plan,
            "examples": request.examples,
            "rounds": request.rounds,
        }
        if idle := [name for name, value in given.items() if value is not None]:
            raise UsageError(
                f"--{idle[0]}: {request.source} holds rows that are made already; give the run, or leave it out"
            )
        found = read_set(request.source)
        if request.settings.get("what", found.what) != found.what:
            raise UsageError(f"{request.source}: holds rows for {found.what}; say --what {found.what}")
        config = set_config(request.source)
        wanted = asked_of(config, request.base)
        if wanted != asked_in(config):
            say(
                f"note: the rows have prompts of {asked_in(config)}, and {request.base} is asked with {wanted}; make them "
                f"from the run with --base {request.base}"
            )
        # The rows say what they are for.
        config = config.model_copy(update={"training": config.training.model_copy(update={"what": found.what})})
        return found, _for_base(config, asked_in(config), request.base)
    with RunReader(request.source) as reader:
        config = run_config(reader)
        what = _training(config, request).what
        small = Lazy(config)
        tasks = tasks_of(config, request.tasks)
        steps = [task for task in tasks if task in PURPOSES.values()]
        if what == "dpo" and steps:
            if set(steps) & set(request.tasks):
                raise UsageError(
                    f"--tasks: {', '.join(steps)}: steps of persona expansion have no losers to prefer winners to; leave "
                    "them out, or say --what sft"
                )
            say(f"left out: {', '.join(steps)}: steps of persona expansion have no losers, so dpo can't teach them")
            tasks = tuple(task for task in tasks if task not in steps)
        asked = _asked(config, request)
        if asked != asked_in(config):
            say(f"prompts are of {asked}; the run's were of {asked_in(config)}")
        got = await collect(
            reader, what, tasks=tasks, embedder=small, nli=small, asked=asked, most_iteration=request.rounds
        )
        found = make_set(
            what,
            got.preferences if what == "dpo" else got.lessons,
            source=reader.revision().fingerprint,
            writers=sorted(got.writers),
        )
    for line in (*got.notes, *(f"left out: {n} {why}" for why, n in got.left_out.most_common())):
        say(line)
    check_enough(found, str(request.source), 1 if request.data_only else LEAST)
    return found, _for_base(config, asked, request.base)


async def train_run(request: Request, say: Say, *, apart: bool = False) -> dict[str, Any]:
    """Do what is asked; return what ``set.json`` or ``meta.json`` holds. Raises DuologueErrors, each one line.

    ``apart``: train in a process of its own, see :mod:`duologue.training.apart`.
    """
    check_target(request.to, force=request.force, source=request.source)
    found, config = await training_set(request, say)
    training, seed = _training(config, request), config.seed if request.seed is None else request.seed
    counts = found.counts()
    said = {part: ", ".join(f"{task} {n}" for task, n in tasks.items()) or "none" for part, tasks in counts.items()}
    say(f"rows to learn from: {said['train']}; held out: {said['valid']}")
    terms = writers_terms(found.writers)
    if request.data_only:
        for one in terms:
            if one.output not in ("free", "stand-in"):
                say(f"{one.model}: {one.licence}; read whether it allows training on its output")
        facts = run_facts(config.model_copy(update={"training": training, "seed": seed}))
        about = write_set(found, request.to, facts, force=request.force)
        for line in hosted_lines(about, found):
            say(line)
        say(f"written: {request.to}")
        return about
    check_extra()
    # Progress bars of single tensors say nothing to a user; tqdm reads this when it is loaded.
    os.environ.setdefault("TQDM_DISABLE", "1")
    options = Options.of(training, seed)
    name = request.base or _base_of(config.model)
    if config.model.adapter is not None and same_model(config.model, name):
        say(
            f"note: the run was written with the adapter {config.model.adapter}, and training begins without it: what it had "
            "learnt comes back only as far as the rows show it"
        )
    base = find_base(name, gguf=request.gguf)
    for note in check_terms(base.name, base.licence, terms, non_commercial=training.non_commercial):
        say(f"note: {note}")
    if base.gguf is not None and not base.exports:
        known = ", ".join(KNOWN)
        say(f"note: adapter.gguf is written for {known}, and {base.name} is {base.architecture}: the PEFT folder alone")
    from duologue.training.fit import fit

    work = partial(fit, found, base, options, request.to, force=request.force)
    if apart:
        # What was forced away the first time is gone; what has been trained since is not to follow.
        fitted = await fit_apart(work, say, request.rows_at_once, partial(work, resume=True))
    else:
        fitted = work(say=say, rows_at_once=request.rows_at_once)
    say(f"written: {request.to}")
    if served := peft_note(base):
        say(f"note: {served}")
    if base.exports:
        # A checkpoint is trained, and its GGUF file is what runs.
        say(f"use it: duologue run --model {request.gguf or name} --adapter {request.to}")
    return fitted.meta


def hosted_lines(about: Mapping[str, Any], found: TrainingSet) -> list[str]:
    """What to say of rows that hosted services can't take; empty where they take all."""
    rows = {"train": len(found.train), "valid": len(found.valid)}
    return [
        f"hosted_{part}.jsonl: {about[f'hosted_{part}']} of {n} rows, the others answer different messages"
        for part, n in rows.items()
        if about[f"hosted_{part}"] < n
    ]


def peft_note(base: Base) -> str:
    """What to say of the folder ``peft`` where no checkpoint holds the weights that it was trained on; else nothing."""
    if base.gguf is None or str(base.gguf) != base.source:
        return ""
    return (
        f"peft/ fits the weights of {base.gguf.name} alone, of which there is no checkpoint; to serve it with vLLM, train "
        "on a checkpoint (--base FOLDER or a hub id)"
    )


def _asked(config: Config, request: Request) -> Asked:
    """How the rows' prompts are to be."""
    asked = asked_of(config, request.base)
    return Asked(
        asked.plan if request.plan is None else request.plan,
        asked.examples if request.examples is None else request.examples,
    )


def _for_base(config: Config, asked: Asked, base: str | None) -> Config:
    """``config`` with the model and the prompts that the rows are for."""
    model = config.model
    if base is not None and not same_model(model, base):
        model = ModelConfig(backend="embedded", name=base)
    generator = config.generator.model_copy(update={"plan": asked.plan, "examples": asked.examples})
    return config.model_copy(update={"model": model, "generator": generator})


def _training(config: Config, request: Request) -> TrainingConfig:
    try:
        settings = {**config.training.model_dump(), **request.settings}
        return TrainingConfig.model_validate(
            settings | {"non_commercial": True} if request.non_commercial else settings
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise UsageError(f"training.{name}: {first['msg'][0].lower()}{first['msg'][1:]}") from error


def _base_of(model: ModelConfig) -> str:
    if model.backend != "embedded":
        raise UsageError(
            f"--base: the run was written by {model.backend} {model.name}; name the model to train, such as --base smollm2-135m"
        )
    return model.name
