"""Export a trained model to int8 ONNX and check that it agrees with fp32.

python export.py --run RUN_FOLDER --minilm MODEL_FOLDER [--to ../../src/duologue/weights/nli] [--version 1]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import data
import model as m
import numpy as np
import onnxruntime as ort
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

TO = Path(__file__).parents[2] / "src" / "duologue" / "weights" / "nli"
MAX_LENGTH = 128


def to_onnx(model: m.CrossEncoder, path: Path) -> None:
    """Write the fp32 graph with dynamic batch and length."""
    names = ("input_ids", "attention_mask", "token_type_ids")
    example = {n: torch.ones(2, 8, dtype=torch.int64) for n in names}
    axes = {n: {0: "batch", 1: "length"} for n in names} | {"logits": {0: "batch"}}
    torch.onnx.export(
        model,
        tuple(example.values()),
        str(path),
        input_names=list(names),
        output_names=["logits"],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )


def logits(
    session: ort.InferenceSession, tokenizer: m.Tokenizer, pairs: list[tuple[str, str]], size: int = 32
) -> np.ndarray:
    """Logits of all pairs."""
    parts = [session.run(None, dict(m.encode(tokenizer, pairs[i : i + size])))[0] for i in range(0, len(pairs), size)]
    return np.concatenate(parts)


def main() -> None:
    """Command line."""
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--run", type=Path, required=True)
    ap.add_argument("--minilm", type=Path, required=True)
    ap.add_argument("--to", type=Path, default=TO)
    ap.add_argument("--version", default="1")
    args = ap.parse_args()
    model = m.CrossEncoder()
    model.load_state_dict(torch.load(args.run / "model.pt"))
    model.eval()
    args.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        full, small = Path(folder) / "full.onnx", Path(folder) / "model.onnx"
        to_onnx(model, full)
        quantize_dynamic(
            full, small, weight_type=QuantType.QInt8, per_channel=True, extra_options={"MatMulConstBOnly": True}
        )
        tokenizer = m.load_tokenizer(args.minilm / "tokenizer.json", MAX_LENGTH)
        rows = data.handwritten("train") + data.handwritten("test")
        pairs = [(r["premise"], r["hypothesis"]) for r in rows] + [(p, h) for p, h, _ in data.epoch(99, 3000, 0, [])]
        one, two = (
            logits(ort.InferenceSession(str(p), providers=["CPUExecutionProvider"]), tokenizer, pairs)
            for p in (full, small)
        )
        with torch.no_grad():
            direct = model(**{k: torch.from_numpy(v) for k, v in m.encode(tokenizer, pairs[:64]).items()}).numpy()
        shutil.copy(small, args.to / "model.onnx")
    agree = float((one.argmax(-1) == two.argmax(-1)).mean())
    print(f"fp32 graph against torch: largest difference {np.abs(direct - one[:64]).max():.5f}")
    print(
        f"int8 against fp32: same label {agree:.4f} of {len(pairs)} pairs; size {(args.to / 'model.onnx').stat().st_size:,} bytes"
    )
    tokenizer.save(str(args.to / "tokenizer.json"))
    digest = hashlib.sha256((args.to / "model.onnx").read_bytes()).hexdigest()
    meta = {"labels": list(m.LABELS), "max_length": MAX_LENGTH, "version": args.version, "sha256": digest}
    (args.to / "meta.json").write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
