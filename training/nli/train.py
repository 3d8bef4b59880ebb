"""Train the cross-encoder; stops and resumes from checkpoints.

python train.py --minilm MODEL_FOLDER --out RUN_FOLDER [--data DATA_FOLDER] [--no-open]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import data
import model as m
import torch


def batches(
    rows: list[data.Row], tokenizer: m.Tokenizer, size: int, pool: int = 40
) -> Iterator[tuple[dict[str, torch.Tensor], torch.Tensor]]:
    """Batches of like length, in a shuffled order within each pool of batches."""
    generator = torch.Generator().manual_seed(len(rows))
    for start in range(0, len(rows), size * pool):
        chunk = sorted(rows[start : start + size * pool], key=lambda r: len(r[0]) + len(r[1]))
        order = torch.randperm((len(chunk) + size - 1) // size, generator=generator).tolist()
        for i in order:
            part = chunk[i * size : (i + 1) * size]
            arrays = m.encode(tokenizer, [(p, h) for p, h, _ in part])
            right = torch.zeros(len(part), 3)
            for j, (_, _, labels) in enumerate(part):
                right[j, list(labels)] = 1.0
            yield {k: torch.from_numpy(v) for k, v in arrays.items()}, right


def loss_of(logits: torch.Tensor, right: torch.Tensor, smooth: float = 0.05) -> torch.Tensor:
    """Minus log of the mass on the right labels (several for two-way sets), smoothed."""
    logp = torch.log_softmax(logits.float(), -1)
    hit = torch.logsumexp(logp.masked_fill(right == 0, -1e4), -1)
    return -((1 - smooth) * hit + smooth * logp.mean(-1)).mean()


@torch.no_grad()
def accuracy(model: m.CrossEncoder, rows: list[data.Row], tokenizer: m.Tokenizer) -> float:
    """Share of rows whose best label is right."""
    model.eval()
    hits = sum(
        int(right[torch.arange(len(right)), model(**x).argmax(-1)].sum()) for x, right in batches(rows, tokenizer, 64)
    )
    model.train()
    return hits / len(rows)


def main() -> None:
    """Command line."""
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--minilm", type=Path, required=True, help="folder with model.safetensors and tokenizer.json")
    ap.add_argument("--data", type=Path, help="folder with nli/train_open.jsonl.gz")
    ap.add_argument("--no-open", action="store_true", help="train without the open sets")
    ap.add_argument("--out", type=Path, required=True)
    ap.add_argument("--start", type=Path, help="model.pt of an earlier run to go on from")
    ap.add_argument("--steps", type=int, default=6000)
    ap.add_argument("--batch", type=int, default=64)
    ap.add_argument("--lr", type=float, default=1.5e-4)
    ap.add_argument("--rules", type=int, default=60000, help="rule-made pairs per epoch")
    ap.add_argument("--times", type=int, default=12, help="how often an epoch holds each handwritten pair")
    ap.add_argument("--max-length", type=int, default=96)
    ap.add_argument("--save-every", type=int, default=500)
    ap.add_argument("--fp32", action="store_true", help="no bfloat16 autocast")
    args = ap.parse_args()
    if not args.no_open and args.data is None:
        ap.error("--data is needed, or --no-open")
    open_rows = [] if args.no_open else data.to_rows(data.read_rows(args.data / "nli" / "train_open.jsonl.gz"))
    dev = data.to_rows(data.handwritten("train"))
    torch.manual_seed(0)
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer = m.load_tokenizer(args.minilm / "tokenizer.json", args.max_length)
    model = m.from_minilm(args.minilm)
    if args.start:
        model.load_state_dict(torch.load(args.start))
    model.words.requires_grad_(False)  # words the pairs never show keep their place; a third faster
    head = [p for n, p in model.named_parameters() if n.startswith(("dense", "classify"))]
    body = [p for n, p in model.named_parameters() if p.requires_grad and not n.startswith(("dense", "classify"))]
    optimizer = torch.optim.AdamW(
        [{"params": body}, {"params": head, "lr": 3 * args.lr}], lr=args.lr, weight_decay=0.01
    )
    warm = max(1, args.steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / warm, max(0.0, (args.steps - s) / (args.steps - warm)))
    )
    step, number, done, last = 0, 0, 0, args.out / "last.pt"  # done: batches of the epoch already seen
    if last.exists():
        state = torch.load(last)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        step, number, done = state["step"], state["epoch"], state["done"]
        print(f"resumed at step {step}, epoch {number}", flush=True)
    model.train()
    began, seen, total = time.time(), 0, 0.0
    while step < args.steps:
        for i, (x, right) in enumerate(
            batches(data.epoch(number, args.rules, args.times, open_rows), tokenizer, args.batch)
        ):
            if i < done:
                continue
            with torch.autocast("cpu", torch.bfloat16, enabled=not args.fp32):
                loss = loss_of(model(**x), right)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            step, seen, total = step + 1, seen + len(right), total + loss.item()
            if step % 50 == 0:
                print(
                    f"step {step} epoch {number} loss {total / 50:.3f} pairs/s {seen / (time.time() - began):.0f}",
                    flush=True,
                )
                total = 0.0
            if step % args.save_every == 0 or step == args.steps:
                state = {
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(),
                    "step": step,
                    "epoch": number,
                    "done": i + 1,
                }
                torch.save(state, last.with_suffix(".tmp"))
                last.with_suffix(".tmp").replace(last)
                print(
                    f"saved; accuracy on the handwritten training part {accuracy(model, dev, tokenizer):.3f}",
                    flush=True,
                )
            if step >= args.steps:
                break
        number, done = number + 1, 0
    torch.save(model.state_dict(), args.out / "model.pt")


if __name__ == "__main__":
    main()
