"""Trains a LoRA adapter: trl's SFTTrainer or DPOTrainer on rows that were tokenised beforehand, with masks of our own."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from duologue.errors import ImpossibleRequest, ModelError
from duologue.training.base import Base, load_model, targets, weights_of
from duologue.training.checkpoints import fault, held, newest, open_work
from duologue.training.encode import Encoder
from duologue.training.export import export_adapter
from duologue.training.extras import check_extra, cpu_has_bfloat16
from duologue.training.fits import check_fits
from duologue.training.options import Options
from duologue.training.rows import Lesson, Preference
from duologue.training.sets import LEAST, TrainingSet, check_enough
from duologue.training.whole import check_target

Say = Callable[[str], None]
ON_CPU = 2
"""Rows computed at once on a CPU: more take memory (3 GB a row of a 135M model) and save no time."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What training came to."""

    folder: Path
    meta: dict[str, Any]
    """As in ``meta.json``: steps, tokens, seconds, held-out loss before and after, ..."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """One try: how many rows are computed at once, and where the numbers live."""

    options: Options
    work: Path
    rows_at_once: int
    device: str
    bfloat16: bool


def fit(
    found: TrainingSet,
    base: Base,
    options: Options,
    to: Path,
    *,
    say: Say = lambda line: None,
    rows_at_once: int | None = None,
    force: bool = False,
    resume: bool = False,
    facts: dict[str, Any] | None = None,
) -> Fitted:
    """Train an adapter and write the folder ``to``.

    Checkpoints lie beside it, in ``NAME.work``, until it is complete; the same call goes on from the newest whole one.
    At most ``rows_at_once`` are computed together (null: all of a step on a GPU, :data:`ON_CPU` on a CPU), so many that
    they make up a step; when memory runs out it is halved. ``force`` replaces what ``to`` holds and starts over, but goes on from
    the checkpoints with ``resume``. ``facts`` go into ``meta.json``. Raises ModelError when a package is missing, the base can't be loaded or even one row is too large for
    the memory, ImpossibleRequest for too few rows, UsageError when ``to`` or the work folder holds something else.
    """
    check_extra()
    check_enough(found, "the training set")
    check_target(to, force=force)
    work = to.with_name(to.name + ".work")
    with held(work):
        open_work(work, options.job(found.hash, weights_of(base)), force=force and not resume)
        model, tokenizer, measured = _fitted(found, base, options, work, rows_at_once, say)
        meta = export_adapter(
            model,
            tokenizer,
            base,
            options,
            to,
            {**measured, "rows": found.counts(), "set": found.hash, "writers": list(found.writers), **(facts or {})},
            force=force,
        )
        _remove(work)
    return Fitted(to, meta)


def rows_together(batch: int, most: int) -> int:
    """The most rows, at most ``most``, that make up a step of ``batch`` rows without a rest."""
    return max(n for n in range(1, min(batch, max(1, most)) + 1) if batch % n == 0)


def out_of_memory(error: BaseException) -> bool:
    """True for what torch raises when a GPU or the machine has no memory left."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text


def _fitted(
    found: TrainingSet, base: Base, options: Options, work: Path, rows_at_once: int | None, say: Say
) -> tuple[Any, Any, dict[str, Any]]:
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    bfloat16 = bool(torch.cuda.is_bf16_supported()) if device == "cuda" else cpu_has_bfloat16()
    say(f"training on {device}, {'bfloat16' if bfloat16 else 'float32'}, base {base.name}")
    most = rows_at_once or (options.batch if device == "cuda" else ON_CPU)
    plan = _Plan(options, work, rows_together(options.batch, most), device, bfloat16)
    while True:
        try:
            return _try(found, base, plan, say)
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            if plan.rows_at_once == 1:
                raise ModelError(
                    f"memory ran out with one row at once on {device}; lower training.max_tokens, or choose a smaller base"
                ) from None
        plan = replace(plan, rows_at_once=rows_together(options.batch, plan.rows_at_once // 2))
        say(f"memory ran out; trying again with {plan.rows_at_once} row(s) at once")
        gc.collect()
        if device == "cuda":
            torch.cuda.empty_cache()


def _try(found: TrainingSet, base: Base, plan: _Plan, say: Say) -> tuple[Any, Any, dict[str, Any]]:
    from transformers import set_seed

    from duologue.training.trainers import make_trainer

    set_seed(plan.options.seed)
    model, tokenizer = load_model(base, bfloat16=plan.device == "cuda" and plan.bfloat16)
    if base.gguf is not None and base.exports and str(base.gguf) != base.source:
        check_fits(base.gguf, model.config, partial(_down, model))
    encoder = Encoder(tokenizer)
    train, long = _rows(found.train, encoder, plan.options)
    valid, long_held = _rows(found.valid, encoder, plan.options)
    for line in left_out_lines(long, long_held, len(valid), plan.options.max_tokens):
        say(line)
    if len(train) < LEAST:
        raise ImpossibleRequest(
            f"the training set: only {len(train)} rows have at most {plan.options.max_tokens} tokens and training needs "
            f"{LEAST}; raise training.max_tokens"
        )
    checkpoint = newest(plan.work, say)
    trainer = make_trainer(
        model,
        tokenizer,
        train,
        valid,
        options=plan.options,
        work=plan.work,
        rows_at_once=plan.rows_at_once,
        device=plan.device,
        bfloat16=plan.bfloat16,
        targets=targets(model),
        say=say,
    )
    began = time.monotonic()
    before = trainer.evaluate()["eval_loss"] if valid else None
    if checkpoint is not None:
        say(f"going on from {checkpoint.name}")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    _check_state(trainer, plan.work)
    after = trainer.evaluate()["eval_loss"] if valid else None
    if after is not None and not math.isfinite(after):
        raise ModelError("the held-out loss is not finite; lower training.learning_rate")
    seconds = time.monotonic() - began
    measured = {
        "steps": trainer.state.global_step,
        "best_step": _best(trainer.state),
        "tokens": int(trainer.state.num_input_tokens_seen),
        "seconds": round(seconds, 1),
        "rows_at_once": plan.rows_at_once,
        "device": plan.device,
        "held_out_loss": {"before": _round(before), "after": _round(after)},
    }
    loss = f"held-out loss {_round(before)} before, {_round(after)} after" if valid else "nothing held out;"
    say(f"{loss} {measured['steps']} steps, {seconds:.0f} s")
    return trainer.model, tokenizer, measured


def _check_state(trainer: Any, work: Path) -> None:
    """Raises ModelError when the best checkpoint, whose weights were taken, is damaged, or a weight is no number."""
    best = trainer.state.best_model_checkpoint
    if best and (why := fault(work / Path(best).name)):
        raise ModelError(
            f"the best state, {Path(best).name}, {why}; run the same command again to train from before it"
        )
    if not all(bool(p.isfinite().all()) for p in trainer.model.parameters() if p.requires_grad):
        raise ModelError("the adapter's weights are not finite; lower training.learning_rate")


def left_out_lines(long: int, long_held: int, held_out: int, most: int) -> list[str]:
    """What to say of rows that are too long: ``long`` to learn from, ``long_held`` held out, of which ``held_out`` stay."""
    lines = [f"{long} row(s) of more than {most} tokens were left out"] if long else []
    if long_held:
        rest = "" if held_out else ": none is left, so nothing tells when training should stop"
        lines.append(
            f"{long_held} held-out row(s) of more than {most} tokens were left out{rest}; see training.max_tokens"
        )
    return lines


def _down(model: Any, layer: int) -> Any:
    return model.get_parameter(f"model.layers.{layer}.mlp.down_proj.weight").detach().float().cpu().numpy()


def _rows(
    rows: Sequence[Lesson | Preference], encoder: Encoder, options: Options
) -> tuple[list[dict[str, list[int]]], int]:
    """(columns of each row that is short enough, how many were too long)."""
    out: list[dict[str, list[int]]] = []
    for row in rows:
        if isinstance(row, Lesson):
            one = encoder.lesson(row)
            columns = {"input_ids": one.ids, "labels": one.labels}
            length = len(one.ids)
        else:
            good, bad = encoder.preference(row)
            columns = {
                "prompt_ids": [],
                "chosen_ids": good.ids,
                "rejected_ids": bad.ids,
                "chosen_mask": list(map(int, good.learn)),
                "rejected_mask": list(map(int, bad.learn)),
            }
            length = max(len(good.ids), len(bad.ids))
        if length <= options.max_tokens:
            out.append(columns)
    return out, len(rows) - len(out)


def _best(state: Any) -> int:
    name = str(state.best_model_checkpoint or "").rpartition("-")[2]
    return int(name) if name.isdigit() else int(state.global_step)


def _round(loss: float | None) -> float | None:
    return None if loss is None else round(float(loss), 4)


def _remove(work: Path) -> None:
    import shutil

    shutil.rmtree(work, ignore_errors=True)
