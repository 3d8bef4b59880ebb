"""Train the cross-encoder; stops and resumes from checkpoints.

python train.py --minilm MODEL_FOLDER --data DATA_FOLDER --out RUN_FOLDER [--start EARLIER]

Two processes of one thread are faster than one of two where other work shares the cores: start the command twice with
``WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=29500`` and ``RANK=0`` or ``1`` in the environment. Each takes every
other batch and their gradients are averaged.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import data
import model as m
import torch
from torch import distributed
from torch.nn import functional as F

import conversations as c

Batch = dict[str, torch.Tensor]
MARKED_PASSES = 2
"""How often an epoch shows a marked draw; as many rows from conversations stand beside them."""


def by_length(rows: list, size: int, seed: int, pool: int = 30) -> Iterator[list]:
    """Batches of rows of like length, in a shuffled order within each pool of batches."""
    rng = random.Random(seed)
    for start in range(0, len(rows), size * pool):
        chunk = sorted(rows[start : start + size * pool], key=lambda r: len(r[0]) + len(r[1]))
        parts = [chunk[i : i + size] for i in range(0, len(chunk), size)]
        rng.shuffle(parts)
        yield from parts


def tensors(tokenizer: m.Tokenizer, rows: list) -> Batch:
    """The two texts of each row, encoded."""
    return {k: torch.from_numpy(v) for k, v in m.encode(tokenizer, [(r[0], r[1]) for r in rows]).items()}


def allowed(rows: list[c.Row]) -> torch.Tensor:
    """(rows, 3): 1 where a label counts as right."""
    right = torch.zeros(len(rows), 3)
    for j, (_, _, labels) in enumerate(rows):
        right[j, list(labels)] = 1.0
    return right


def nli_loss(logits: torch.Tensor, right: torch.Tensor, smooth: float = 0.05) -> torch.Tensor:
    """Minus log of the mass on the right labels (several for weak rows), smoothed."""
    logp = torch.log_softmax(logits.float(), -1)
    hit = torch.logsumexp(logp.masked_fill(right == 0, -1e4), -1)
    return -((1 - smooth) * hit + smooth * logp.mean(-1)).mean()


def measured(folder: Path) -> frozenset[str]:
    """Attributes of the measuring sets, which no training pair may hold."""
    fields = {"convai2_human.jsonl": ("persona_responder", "persona_partner"), "dnli_ranking.jsonl": ("persona",)}
    return frozenset(
        c.key(a) for name, keys in fields.items() for row in data.read_rows(folder / name) for k in keys for a in row[k]
    )


def sources_of(args: argparse.Namespace) -> tuple[dict[str, list[c.Row]], frozenset[str], list, list]:
    """The NLI rows by source, attributes that no pair may hold, fit rows from conversations, and from marked draws."""
    rng = random.Random(7)
    spc = c.read_spc(args.data / "spc_valid.csv")
    ours = c.read_ours()
    left_out = measured(args.data)
    pool = [a for row in data.read_rows(args.data / "personas_train.jsonl") for a in row["persona"]]
    rows = c.nli_rows(ours + spc, pool, rng, left_out)
    for name, part in data.open_split(args.data / "nli_snli_breaking.jsonl").items():
        rows[name] = data.to_rows(part["train"])
    rows["handwritten"] = data.without(data.to_rows(data.handwritten("train")), left_out)
    return rows, left_out, c.fit_rows(ours + spc, rng), c.marked_rows()


def shared(learnt: list[torch.nn.Parameter], *numbers: float) -> list[float]:
    """Average gradients over all processes, in place, and return the means of the numbers."""
    if not distributed.is_initialized():
        return list(numbers)
    grads = [p.grad for p in learnt if p.grad is not None]
    flat = torch.cat([*(g.reshape(-1) for g in grads), torch.tensor(numbers, dtype=torch.float32)])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    place = 0
    for grad in grads:
        grad.copy_(flat[place : place + grad.numel()].view_as(grad))
        place += grad.numel()
    return [float(x) for x in flat[place:]]


def optimiser(model: m.CrossEncoder, lr: float, frozen: int) -> torch.optim.Optimizer:
    """AdamW; embeddings and the lowest ``frozen`` layers keep still, new heads learn three times as fast."""
    for part in (model.words, *((model.positions, model.types, model.norm, *model.layers[:frozen]) if frozen else ())):
        part.requires_grad_(False)  # words the pairs never show keep their place
    heads = [p for n, p in model.named_parameters() if n.startswith(("dense", "classify", "fit"))]
    body = [
        p for n, p in model.named_parameters() if p.requires_grad and not n.startswith(("dense", "classify", "fit"))
    ]
    return torch.optim.AdamW([{"params": body}, {"params": heads, "lr": 3 * lr}], lr=lr, weight_decay=0.01)


def arguments() -> argparse.Namespace:
    """Command line."""
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--minilm", type=Path, required=True, help="folder with model.safetensors and tokenizer.json")
    ap.add_argument("--data", type=Path, required=True, help="folder with spc_valid.csv, nli_snli_breaking.jsonl ...")
    ap.add_argument("--out", type=Path, required=True)
    ap.add_argument("--start", type=Path, help="model.pt of an earlier run, or an exported model.onnx")
    ap.add_argument("--steps", type=int, default=1000)
    ap.add_argument("--minutes", type=float, default=math.inf, help="end in order after so many minutes")
    ap.add_argument("--decay", type=float, default=0.3, help="share of the run in which the learning rate falls")
    ap.add_argument("--batch", type=int, default=24)
    ap.add_argument("--fit-batch", type=int, default=6, help="fit rows beside each batch of pairs")
    ap.add_argument("--lr", type=float, default=1e-4)
    ap.add_argument("--size", type=int, default=12000, help="pairs per epoch")
    ap.add_argument("--seed", type=int, default=0, help="runs of several seeds can be averaged by export.py")
    ap.add_argument("--frozen", type=int, default=3, help="lowest layers that keep still")
    ap.add_argument("--average", type=float, default=0.99, help="decay of the running mean of the weights")
    ap.add_argument("--max-length", type=int, default=96)
    ap.add_argument("--save-every", type=int, default=100)
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--dropout", type=float, default=0.0)
    ap.add_argument(
        "--bfloat16", action="store_true", help="multiply in bfloat16: faster where the processor has units for it"
    )
    return ap.parse_args()


def main() -> None:
    """Command line."""
    args = arguments()
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    if world > 1:
        distributed.init_process_group("gloo", rank=rank, world_size=world)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer = m.load_tokenizer(args.minilm / "tokenizer.json", args.max_length)
    sources, left_out, talks, marked = sources_of(args)
    counts = {name: len(rows) for name, rows in sources.items()} | {"fit": len(talks), "marked": len(marked)}
    print(json.dumps(counts), flush=True)
    (args.out / "counts.json").write_text(json.dumps(counts))
    model = m.from_minilm(args.minilm, args.dropout)
    if args.start and args.start.suffix == ".onnx":
        model = m.from_onnx(args.start, args.minilm, args.dropout)
    elif args.start:
        model.load_state_dict(torch.load(args.start))
    optimizer = optimiser(model, args.lr, args.frozen)
    learnt = [p for p in model.parameters() if p.requires_grad]
    mean = {k: v.clone() for k, v in model.state_dict().items()}
    step, epoch, spent, last = 0, 0, 0.0, args.out / "last.pt"
    if last.exists():
        state = torch.load(last)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        mean, step, epoch, spent = state["mean"], state["step"], state["epoch"] + 1, state["spent"]
        print(f"resumed at step {step}, epoch {epoch}", flush=True)
    base = [g["lr"] for g in ({"lr": args.lr}, {"lr": 3 * args.lr})]
    model.train()
    reduced = functools.partial(torch.autocast, "cpu", torch.bfloat16, enabled=args.bfloat16)
    began, seen, totals, done = time.monotonic(), 0, [0.0, 0.0], step / args.steps
    while done < 1:
        rng = random.Random(500 + epoch + 100 * args.seed)
        fit = marked * MARKED_PASSES + rng.sample(talks, min(len(talks), len(marked) * MARKED_PASSES))
        rng.shuffle(fit)
        beside = by_length(fit[rank::world], args.fit_batch, epoch)
        batches = list(by_length(data.epoch(epoch + 100 * args.seed, args.size, sources, left_out), args.batch, epoch))
        for rows in batches[rank : len(batches) // world * world : world]:
            rate = min((step + 1) / 30, 1.0, (1 - done) / args.decay)
            for group, lr in zip(optimizer.param_groups, base, strict=True):
                group["lr"] = lr * rate
            with reduced():
                logits = model(**tensors(tokenizer, rows))[0]
            loss = nli_loss(logits, allowed(rows))
            loss.backward()
            said = next(beside, None) if args.fit_batch else None
            fit_loss = 0.0
            if said:
                target = torch.tensor([[0.95 * r[2] + 0.02] for r in said])
                with reduced():
                    logits = model(**tensors(tokenizer, said))[1]
                beyond = 0.7 * F.binary_cross_entropy_with_logits(logits.float(), target)
                beyond.backward()
                fit_loss = beyond.item()
            # The time is shared too, so that all processes end at the same step.
            clock, *lost = shared(learnt, time.monotonic() - began, loss.item(), fit_loss)
            totals = [total + new for total, new in zip(totals, lost, strict=True)]
            torch.nn.utils.clip_grad_norm_(learnt, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            step, seen = step + 1, seen + len(rows) * world
            done = max(step / args.steps, (spent + clock) / 60 / args.minutes)
            keep = min(args.average, step / (step + 10))
            with torch.no_grad():
                for name, value in model.named_parameters():
                    if value.requires_grad:
                        mean[name].lerp_(value, 1 - keep)
            if step % 20 == 0 and rank == 0:
                print(
                    f"step {step} epoch {epoch} nli {totals[0] / 20:.3f} fit {totals[1] / 20:.3f} "
                    f"pairs/s {seen / clock:.1f} done {done:.2f}",
                    flush=True,
                )
            if step % 20 == 0:
                totals = [0.0, 0.0]
            if rank == 0 and (step % args.save_every == 0 or done >= 1):
                state = {
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "mean": mean,
                    "step": step,
                    "epoch": epoch,
                    "spent": spent + clock,
                }
                torch.save(state, last.with_suffix(".tmp"))
                last.with_suffix(".tmp").replace(last)
                torch.save(mean, args.out / "model.pt")
                print("saved", flush=True)
            if done >= 1:
                break
        epoch += 1


if __name__ == "__main__":
    main()
