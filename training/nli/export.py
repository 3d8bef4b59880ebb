"""Export a trained model to ONNX with int8 weights and check that it agrees with fp32.

python export.py --run RUN_FOLDER [RUN_FOLDER ...] --minilm MODEL_FOLDER [--to ../../src/duologue/weights/nli] [--version 1]

Several runs (of other seeds, from the same start) are averaged weight by weight. Only weights are int8, one scale an
output (a word's row for the embeddings); they are multiplied as float, so a pair's result does not depend on its batch.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import tempfile
from pathlib import Path

import data
import model as m
import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import helper, numpy_helper

TO = Path(__file__).parents[2] / "src" / "duologue" / "weights" / "nli"
MAX_LENGTH = 128
NAMES = ("input_ids", "attention_mask", "token_type_ids")


def averaged(runs: list[Path]) -> m.CrossEncoder:
    """The mean of the weights of several runs."""
    states = [torch.load(run / "model.pt") for run in runs]
    model = m.CrossEncoder()
    model.load_state_dict({k: sum(s[k] for s in states) / len(states) for k in states[0]})
    model.positions = torch.nn.Embedding.from_pretrained(model.positions.weight[:MAX_LENGTH].clone())
    return model.eval()


def to_onnx(model: m.CrossEncoder, path: Path) -> None:
    """Write the fp32 graph with dynamic batch and length, outputs ``logits`` and ``fit``."""
    example = {n: torch.ones(2, 8, dtype=torch.int64) for n in NAMES}
    axes = {n: {0: "batch", 1: "length"} for n in NAMES} | {n: {0: "batch"} for n in ("logits", "fit")}
    torch.onnx.export(
        model,
        tuple(example.values()),
        str(path),
        input_names=list(NAMES),
        output_names=["logits", "fit"],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )


def rounded(weight: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """int8 values and the scale of each index along ``axis`` of a matrix."""
    other = 1 - axis
    scale = np.maximum(np.abs(weight).max(other), 1e-8).astype(np.float32) / 127.0
    return np.rint(weight / np.expand_dims(scale, other)).clip(-127, 127).astype(np.int8), scale


def to_int8(full: Path, small: Path) -> None:
    """Replace the matrices of linear layers by int8 and DequantizeLinear, and the word embeddings by int8 rows."""
    model = onnx.load(str(full))
    graph = model.graph
    held = {t.name: t for t in graph.initializer}
    nodes: list[onnx.NodeProto] = []

    def store(name: str, value: np.ndarray) -> str:
        graph.initializer.append(numpy_helper.from_array(value, name))
        return name

    for node in graph.node:
        if node.op_type == "Gather" and node.input[0] == "words.weight":
            values, scale = rounded(numpy_helper.to_array(held["words.weight"]), 0)
            rows, ids = store("words.int8", values), node.input[1]
            scales = store("words.scale", scale[:, None])
            nodes += [
                helper.make_node("Gather", [rows, ids], ["words.rows"]),
                helper.make_node("Cast", ["words.rows"], ["words.float"], to=onnx.TensorProto.FLOAT),
                helper.make_node("Gather", [scales, ids], ["words.scales"]),
                helper.make_node("Mul", ["words.float", "words.scales"], [node.output[0]]),
            ]
            graph.initializer.remove(held["words.weight"])
            continue
        if node.op_type in ("MatMul", "Gemm") and node.input[1] in held:
            turned = any(a.name == "transB" and a.i for a in node.attribute)
            name, axis = node.input[1], 0 if turned else 1
            values, scale = rounded(numpy_helper.to_array(held[name]), axis)
            inputs = [store(f"{name}.int8", values), store(f"{name}.scale", scale)]
            nodes.append(helper.make_node("DequantizeLinear", inputs, [f"{name}.float"], axis=axis))
            graph.initializer.remove(held.pop(name))
            node.input[1] = f"{name}.float"
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(small))


def session_of(path: Path, threads: int = 2) -> ort.InferenceSession:
    """A session that turns int8 weights into float once, when it is made."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def outputs(
    session: ort.InferenceSession, tokenizer: m.Tokenizer, pairs: list[tuple[str, str]], size: int = 32
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, 3) and fit logits (n,) of all pairs, in batches of like length. NaN fit where the graph has none."""
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]) + len(pairs[i][1]))
    logits, fit = np.empty((len(pairs), 3)), np.full(len(pairs), np.nan)
    for start in range(0, len(order), size):
        part = order[start : start + size]
        got = session.run(None, dict(m.encode(tokenizer, [pairs[i] for i in part])))
        logits[part] = got[0]
        if len(got) > 1:
            fit[part] = got[1][:, 0]
    return logits, fit


def main() -> None:
    """Command line."""
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--run", type=Path, nargs="+", required=True)
    ap.add_argument("--minilm", type=Path, required=True)
    ap.add_argument("--to", type=Path, default=TO)
    ap.add_argument("--version", default="1")
    ap.add_argument("--check", type=int, default=400, help="pairs on which int8 and fp32 are compared")
    args = ap.parse_args()
    model = averaged(args.run)
    args.to.mkdir(parents=True, exist_ok=True)
    tokenizer = m.load_tokenizer(args.minilm / "tokenizer.json", MAX_LENGTH)
    rng = random.Random(0)
    pairs = [(p, h) for p, h, _ in rng.sample(data.to_rows(data.handwritten("train")), args.check // 2)]
    pairs += [(p, h) for p, h, _ in data.rule_rows(args.check // 2, rng)]
    with tempfile.TemporaryDirectory() as folder:
        full, small = Path(folder) / "full.onnx", args.to / "model.onnx"
        to_onnx(model, full)
        to_int8(full, small)
        one, two = (outputs(session_of(path), tokenizer, pairs) for path in (full, small))
    with torch.no_grad():
        direct = model(**{k: torch.from_numpy(v) for k, v in m.encode(tokenizer, pairs[:64]).items()})[0].numpy()
    print(f"fp32 graph against torch: largest difference {np.abs(direct - one[0][:64]).max():.5f}")
    agree = float((one[0].argmax(-1) == two[0].argmax(-1)).mean())
    print(
        f"int8 against fp32: same label {agree:.4f} of {len(pairs)} pairs, fit logits differ by "
        f"{np.abs(one[1] - two[1]).max():.3f} at most; size {small.stat().st_size:,} bytes"
    )
    tokenizer.save(str(args.to / "tokenizer.json"), pretty=False)
    digest = hashlib.sha256(small.read_bytes()).hexdigest()
    meta = {"labels": list(m.LABELS), "max_length": MAX_LENGTH, "version": args.version, "sha256": digest}
    (args.to / "meta.json").write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
