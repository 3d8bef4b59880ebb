"""Trains the adapter on marks: of several draws of one utterance it learns to write the better ones more often.

Run: ``python training/generator/prefer.py BASE.gguf MARKED.jsonl DATA_FOLDER OUT_FOLDER --start STATE.pt``. ``MARKED.jsonl`` is as
``draws.py`` describes it, ``DATA_FOLDER`` comes from ``tasks.py``: its texts, and the reply written for each place, are learnt
beside, lest anything be unlearnt.

The loss of a place is the cross-entropy between ``softmax(marks / heat)`` and ``softmax(beta * (log p - log p0))`` over its
draws, ``p0`` being the model that the run starts with. With two draws and little heat it is the preference loss of Rafailov
et al. 2023 (arXiv 2305.18290). Two processes share the work as in ``train.py``. ``OUT_FOLDER/state.pt`` is for ``--start`` and
``export.py``; a run that is killed begins anew.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path
from typing import Any

import torch
from draws import answered, held_out, messages, read
from torch import Tensor, nn
from torch.nn import functional
from train import (
    Sample,
    adapter,
    add_up,
    batches,
    common,
    encode,
    isolated,
    joined,
    learnable,
    load,
    rate,
    report,
    summed_loss,
)

Place = tuple[Sample, Tensor]


def places_of(rows: list[dict[str, Any]], tokenizer: Any) -> list[Place]:
    """The draws of each place behind their one prompt, and their marks."""
    out = []
    for row in rows:
        parts = [[["assistant", draw]] for draw in row["draws"]]
        sample = encode({"prefix": messages(row), "parts": parts, "silent": []}, tokenizer)
        out.append((sample, torch.tensor(row["marks"], dtype=torch.float32)))
    return out


def likelihoods(model: Any, place: Place) -> Tensor:
    """(draws,) log probability of each draw, its end included, in nats."""
    sample, marks = place
    width = len(sample.tokens)
    extra = isolated([sample], width, next(model.parameters()).dtype)
    hidden = model.model(input_ids=torch.tensor([sample.tokens]), use_cache=False, **extra).last_hidden_state[0]
    where = [i for i in range(width) if sample.learn[i]]
    logits = model.lm_head(hidden[[i - 1 for i in where]]).float()
    tokens = torch.tensor([sample.tokens[i] for i in where])
    each = -functional.cross_entropy(logits, tokens, reduction="none")
    owner = torch.tensor([sample.segment[i] - 1 for i in where])
    return torch.zeros(len(marks)).index_add(0, owner, each)


def preference(new: Tensor, old: Tensor, marks: Tensor, beta: float, heat: float) -> Tensor:
    """The loss of one place."""
    return -(torch.softmax(marks / heat, 0) * torch.log_softmax(beta * (new - old), 0)).sum()


@torch.no_grad()
def judged(model: Any, places: list[Place], olds: list[Tensor], beta: float, heat: float) -> dict[str, float]:
    """Mean loss; share of pairs of unlike marks whose better draw gained more; mean mark, weighed by gain and not."""
    losses, right, pairs, weighed, plain = 0.0, 0.0, 0, 0.0, 0.0
    for place, old in zip(places, olds, strict=True):
        new, marks = likelihoods(model, place), place[1]
        losses += preference(new, old, marks, beta, heat).item()
        gain = new - old
        weighed += float((torch.softmax(gain, 0) * marks).sum())
        plain += float(marks.mean())
        for i in range(len(marks)):
            for j in range(i):
                if marks[i] != marks[j]:
                    pairs += 1
                    right += 0.5 if gain[i] == gain[j] else float((gain[i] > gain[j]) == (marks[i] > marks[j]))
    n = max(1, len(places))
    return {"loss": losses / n, "pairs right": right / max(1, pairs), "mark, weighed": weighed / n, "mark": plain / n}


def main() -> None:
    """Train, measure and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    common(parser)
    parser.add_argument("base", type=Path)
    parser.add_argument("marked", type=Path, nargs="+")
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--lr", type=float, default=2e-4)
    parser.add_argument("--beta", type=float, default=0.1)
    parser.add_argument("--heat", type=float, default=0.7)
    parser.add_argument("--places", type=int, default=4, help="places of a step, for each process")
    parser.add_argument(
        "--tokens", type=int, default=1250, help="most tokens of the batch of conversations beside them"
    )
    parser.add_argument("--beside", type=float, default=1.0, help="weight of the loss of the conversations")
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rank, world = joined()
    model, tokenizer = load(args.base, args.rank, args.alpha, torch.float32 if args.float32 else torch.bfloat16)
    model.load_state_dict(torch.load(args.start, weights_only=True)["adapter"], strict=False)
    model.train()
    rows = [row for path in args.marked for row in read(path)]
    learnt = learnable(model)
    kept = places_of([r for r in rows if held_out(r)], tokenizer)
    train = places_of([r for r in rows if not held_out(r)], tokenizer)[rank::world]
    talks = [encode(json.loads(line), tokenizer) for line in (args.data / "train.jsonl").open(encoding="utf-8")]
    valid: dict[str, list[Sample]] = {}
    for row in (json.loads(line) for line in (args.data / "valid.jsonl").open(encoding="utf-8")):
        valid.setdefault(row["source"], []).append(encode(row, tokenizer))
    replies = [encode(answered(row), tokenizer) for row in rows if not held_out(row)]
    with torch.no_grad():
        olds = [likelihoods(model, place) for place in train]
        kept_olds = [likelihoods(model, place) for place in kept] if rank == 0 else []

    figures: dict[str, dict[str, float]] = {}

    def told(step: int) -> None:
        if rank == 0:
            found = judged(model, kept, kept_olds, args.beta, args.heat)
            figures["preference"] = {name: round(value, 4) for name, value in found.items()}
            print(f"step {step} held out places {figures['preference']}", flush=True)
            figures["figures"] = report(model, valid, args.tokens, "cpu", step)

    optimiser = torch.optim.AdamW(learnt, lr=args.lr, betas=(0.9, 0.98), weight_decay=0.0)
    steps = (len(rows) - len(kept)) // world // args.places * args.epochs
    if not steps or not talks:
        raise SystemExit(
            f"{len(rows) - len(kept)} places to learn from; a step of {world} processes takes {args.places * world}"
        )
    print(f"{len(train)} places here, {len(kept)} held out, {steps} steps", flush=True)
    args.out.mkdir(parents=True, exist_ok=True)
    told(0)
    draw = random.Random(f"{args.seed}/{rank}")
    order: list[int] = []
    queue: list[list[Sample]] = []
    began, step, seen, clock = time.monotonic(), 0, 0, 0.0
    recent = [0.0, 0.0]
    while (done := max(step / steps, clock / 60 / args.minutes)) < 1:
        if len(order) < args.places:
            order = draw.sample(range(len(train)), len(train))
        if not queue:
            queue = batches([*replies, *draw.sample(talks, min(len(talks), len(replies)))], args.tokens, draw)
        for group in optimiser.param_groups:
            group["lr"] = rate(step, done, args.lr)
        lost, read_now = 0.0, 0
        for index in [order.pop() for _ in range(args.places)]:
            new = likelihoods(model, train[index])
            loss = preference(new, olds[index], train[index][1], args.beta, args.heat) / args.places
            loss.backward()
            lost += loss.item()
            read_now += len(train[index][0].tokens)
        batch = queue.pop()
        read_now += sum(len(sample.tokens) for sample in batch)
        beside, count = summed_loss(model, batch, "cpu")
        (args.beside * beside / max(count, 1)).backward()
        totals = add_up(learnt, lost, beside.item() / max(count, 1), time.monotonic() - began, float(read_now), 1.0)
        nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step, clock, seen = step + 1, totals[2] / world, seen + int(totals[3])
        recent = [a + b / world for a, b in zip(recent, totals[:2], strict=True)]
        if step % 10 == 0:
            if rank == 0:
                print(f"step {step} marks {recent[0] / 10:.3f} talks {recent[1] / 10:.3f} {clock:.0f} s", flush=True)
            recent = [0.0, 0.0]
        if step % 60 == 0:
            told(step)
    told(step)
    if rank == 0:
        state = {
            "adapter": adapter(model),
            "rank": args.rank,
            "alpha": args.alpha,
            "step": step,
            "seen": seen,
            **figures,
        }
        torch.save(state, args.out / "state.part")
        (args.out / "state.part").replace(args.out / "state.pt")


if __name__ == "__main__":
    main()
