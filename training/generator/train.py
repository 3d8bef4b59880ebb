"""Trains a LoRA adapter for a small language model on the CPU (or a GPU), from the GGUF weights it will run on.

Run: ``python training/generator/train.py BASE.gguf DATA_FOLDER OUT_FOLDER --steps 150``. The folder of data comes from
``tasks.py``. The newest state is kept in ``OUT_FOLDER/state.pt``; the same command goes on from there after a kill.

On a CPU two processes of one thread each are faster than one of two threads, above all on a busy machine: start the
same command twice with ``WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=29500`` and ``RANK=0`` or ``1`` in the environment
(or by ``torchrun --nproc-per-node 2``). Each takes every other batch, and their gradients are added up.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""Every linear layer inside the blocks."""


@dataclass(frozen=True)
class Sample:
    """Tokens of one row. ``segment`` is 0 for the prefix, then 1.. for the parts; ``learn`` marks targets."""

    tokens: list[int]
    learn: list[bool]
    segment: list[int]


class LoraLinear(nn.Module):
    """A frozen linear layer plus ``alpha / rank * B A``; A and B are kept in float32."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.base = base
        self.scale = alpha / rank
        self.a = nn.Parameter(torch.randn(rank, base.in_features) / math.sqrt(base.in_features))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        """Array (..., in) to (..., out)."""
        low = functional.linear(x, self.a.to(x.dtype))
        added: Tensor = self.base(x) + functional.linear(low, (self.scale * self.b).to(x.dtype))
        return added


def load(base: Path, rank: int, alpha: float, dtype: torch.dtype) -> tuple[Any, Any]:
    """Return (model with LoRA layers, tokenizer) of a GGUF file, dequantised."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, name = str(base.parent), base.name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=dtype)
    model.requires_grad_(False)
    for layer in model.model.layers:
        for block in (layer.self_attn, layer.mlp):
            for target in TARGETS:
                if hasattr(block, target):
                    setattr(block, target, LoraLinear(getattr(block, target), rank, alpha))
    return model, tokenizer


def adapter(model: nn.Module) -> dict[str, Tensor]:
    """The LoRA matrices by the name of their layer, on the CPU."""
    return {n: p.detach().cpu().clone() for n, p in model.named_parameters() if n.endswith((".a", ".b"))}


def encode(row: dict[str, Any], tokenizer: Any) -> Sample:
    """Tokenise a row piece by piece, as the embedded backend does; each message's text stands alone."""
    start, end = tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])

    def plain(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)
        return ids

    tokens: list[int] = []
    learn: list[bool] = []
    segment: list[int] = []
    for number, messages in enumerate((row["prefix"], *row["parts"])):
        for place, (role, content) in enumerate(messages):
            head = [start, *plain(f"{role}\n")]
            body = [*plain(content), end]
            wanted = role == "assistant" and number > 0 and place not in row["silent"]
            tokens += head + body + plain("\n")
            learn += [False] * len(head) + [wanted] * len(body) + [False] * len(plain("\n"))
        segment += [number] * (len(tokens) - len(segment))
    return Sample(tokens, learn, segment)


def batches(samples: list[Sample], most: int, draw: random.Random) -> list[list[Sample]]:
    """Batches of samples of like length, at most ``most`` padded tokens each, in random order."""
    groups: dict[bool, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.segment[-1] > 1, []).append(sample)
    out: list[list[Sample]] = []
    for group in groups.values():
        group.sort(key=lambda s: len(s.tokens) + draw.random() * 40)
        batch: list[Sample] = []
        for sample in group:
            if batch and (len(batch) + 1) * max(len(s.tokens) for s in (*batch, sample)) > most:
                out.append(batch)
                batch = []
            batch.append(sample)
        out.append(batch)
    draw.shuffle(out)
    return out


def summed_loss(model: Any, batch: list[Sample], device: str) -> tuple[Tensor, int]:
    """Return (sum of the cross-entropy over learnt tokens in nats, their number)."""
    width = max(len(s.tokens) for s in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    learn = torch.zeros(len(batch), width, dtype=torch.bool)
    for row, sample in enumerate(batch):
        ids[row, : len(sample.tokens)] = torch.tensor(sample.tokens)
        learn[row, : len(sample.tokens)] = torch.tensor(sample.learn)
    extra: dict[str, Tensor] = {}
    if any(s.segment[-1] > 1 for s in batch):
        extra = isolated(batch, width, next(model.parameters()).dtype)
    extra = {name: value.to(device) for name, value in extra.items()}
    hidden = model.model(input_ids=ids.to(device), use_cache=False, **extra).last_hidden_state
    targets = ids[:, 1:][learn[:, 1:]].to(device)
    logits = model.lm_head(hidden[:, :-1][learn[:, 1:].to(device)]).float()
    return functional.cross_entropy(logits, targets, reduction="sum"), len(targets)


def isolated(batch: list[Sample], width: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """Mask and positions under which each part sees the prefix and itself alone."""
    segment = torch.full((len(batch), width), -1)
    position = torch.zeros(len(batch), width, dtype=torch.long)
    for row, sample in enumerate(batch):
        segment[row, : len(sample.segment)] = torch.tensor(sample.segment)
        prefix = sample.segment.count(0)
        for number in range(sample.segment[-1] + 1):
            where = segment[row] == number
            begin = 0 if number == 0 else prefix
            position[row, where] = torch.arange(begin, begin + int(where.sum()))
    seen = (segment[:, :, None] == segment[:, None, :]) | (segment[:, None, :] == 0)
    seen &= torch.ones(width, width, dtype=torch.bool).tril()
    mask = torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)
    return {"attention_mask": mask[:, None], "position_ids": position}


@torch.no_grad()
def measure(model: Any, samples: list[Sample], most: int, device: str) -> float:
    """Mean loss per learnt token in nats."""
    total, count = 0.0, 0
    for batch in batches(samples, most, random.Random(0)):
        loss, number = summed_loss(model, batch, device)
        total, count = total + loss.item(), count + number
    return total / max(count, 1)


def report(model: Any, sets: dict[str, list[Sample]], most: int, device: str, step: int) -> dict[str, float]:
    """Measure every held-out set, print and return the figures."""
    figures = {name: round(measure(model, rows, most, device), 4) for name, rows in sets.items()}
    print(f"step {step} held out {figures}", flush=True)
    return figures


def add_up(learnt: list[nn.Parameter], *numbers: float) -> list[float]:
    """Add up gradients and numbers over all processes, and divide the gradients by the last of the numbers."""
    grads = [p.grad for p in learnt if p.grad is not None]
    flat = torch.cat([*(g.reshape(-1) for g in grads), torch.tensor(numbers, dtype=torch.float32)])
    if distributed.is_initialized():
        distributed.all_reduce(flat)
    totals = flat[-len(numbers) :].tolist()
    place = 0
    for grad in grads:
        grad.copy_(flat[place : place + grad.numel()].view_as(grad) / max(totals[-1], 1.0))
        place += grad.numel()
    return totals


def rate(step: int, done: float, peak: float) -> float:
    """Learning rate: a rise over ten steps, then a cosine in the share ``done`` down to a twentieth."""
    return peak * min(1.0, (step + 1) / 10) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0))))


def joined() -> tuple[int, int]:
    """Join the other processes of the run; return (number of this one, how many)."""
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    if world > 1:
        distributed.init_process_group("gloo", rank=rank, world_size=world)
    return rank, world


def learnable(model: nn.Module) -> list[nn.Parameter]:
    """The LoRA matrices that are not frozen."""
    return [p for n, p in model.named_parameters() if p.requires_grad and n.endswith((".a", ".b"))]


def common(parser: argparse.ArgumentParser) -> None:
    """Options of every training of the adapter."""
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--alpha", type=float, default=64)
    parser.add_argument("--minutes", type=float, default=math.inf, help="end in order after so many minutes")
    parser.add_argument(
        "--float32",
        action="store_true",
        help="compute in float32 instead of bfloat16 (faster where the processor has no bfloat16 units)",
    )
    parser.add_argument("--seed", type=int, default=0)


def main() -> None:
    """Train, measure and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    common(parser)
    parser.add_argument("base", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--tokens", type=int, default=2500, help="most tokens of a batch")
    parser.add_argument("--every", type=int, default=50, help="steps between two measurements")
    parser.add_argument("--save-every", type=int, default=10, help="steps between two saved states")
    parser.add_argument("--start", type=Path, help="state.pt whose adapter this run begins with")
    parser.add_argument("--frozen-layers", type=int, default=0, help="lowest layers whose adapter stays as it began")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rank, world = joined()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model, tokenizer = load(args.base, args.rank, args.alpha, torch.float32 if args.float32 else torch.bfloat16)
    model.to(device).train()
    for number, layer in enumerate(model.model.layers):
        if number < args.frozen_layers:
            layer.requires_grad_(False)
    sets: dict[str, list[Sample]] = {}
    for row in (json.loads(line) for line in (args.data / "train.jsonl").open(encoding="utf-8")):
        sets.setdefault("train", []).append(encode(row, tokenizer))
    for row in (json.loads(line) for line in (args.data / "valid.jsonl").open(encoding="utf-8")):
        sets.setdefault(row["source"], []).append(encode(row, tokenizer))
    train = sets.pop("train")
    learnt = learnable(model)
    optimiser = torch.optim.AdamW(learnt, lr=args.lr, betas=(0.9, 0.98), weight_decay=0.0)
    args.out.mkdir(parents=True, exist_ok=True)
    state_path = args.out / "state.pt"
    step, seen, targets, spent = 0, 0, 0, 0.0
    figures: dict[str, float] = {}
    if state_path.exists():
        state = torch.load(state_path, weights_only=True)
        model.load_state_dict(state["adapter"], strict=False)
        optimiser.load_state_dict(state["optimiser"])
        step, seen, targets = state["step"], state["seen"], state["targets"]
        spent, figures = state["spent"], state["figures"]
    elif args.start:
        model.load_state_dict(torch.load(args.start, weights_only=True)["adapter"], strict=False)

    def save(path: Path, step: int, seen: int, targets: int, spent: float) -> None:
        state = {"step": step, "seen": seen, "targets": targets, "spent": spent, "figures": figures}
        state |= {
            "adapter": adapter(model),
            "optimiser": optimiser.state_dict(),
            "rank": args.rank,
            "alpha": args.alpha,
        }
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    print(f"{len(train)} rows, {sum(len(s.tokens) for s in train)} tokens, {sum(p.numel() for p in learnt)} parameters")
    queue: list[list[Sample]] = []
    epoch, drawn = 0, 0
    began, recent, number, ends = time.monotonic(), 0.0, 0.0, 0.0
    while (done := max(step / args.steps, (spent + ends) / 60 / args.minutes)) < 1:
        if len(queue) < world:
            queue = batches(train, args.tokens, random.Random(f"{args.seed}/{epoch}"))
            epoch += 1
        mine = [queue.pop() for _ in range(world)][rank]
        drawn += 1
        if drawn <= step:
            continue
        for group in optimiser.param_groups:
            group["lr"] = rate(step, done, args.lr)
        loss, count = summed_loss(model, mine, device)
        loss.backward()
        # The time is shared too, so that all processes end at the same step.
        lost, clock, tokens, counted = add_up(
            learnt, loss.item(), time.monotonic() - began, sum(len(s.tokens) for s in mine), count
        )
        nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step, ends = step + 1, clock / world
        seen, targets = seen + int(tokens), targets + int(counted)
        recent, number = recent + lost, number + counted
        if rank == 0 and step % 5 == 0:
            print(f"step {step} epoch {epoch} loss {recent / number:.3f} tokens {seen} {ends:.0f} s", flush=True)
        if step % 5 == 0:
            recent, number = 0.0, 0.0
        if step % args.every == 0:
            figures = report(model, sets, args.tokens, device, step)
        if rank == 0 and step % args.save_every == 0:
            save(state_path, step, seen, targets, spent + ends)
    if rank:
        return
    figures = report(model, sets, args.tokens, device, step)
    save(state_path, step, seen, targets, spent + ends)


if __name__ == "__main__":
    main()
