"""Writes a trained adapter as a llama.cpp adapter (GGUF, Q5_0 or Q8_0) with its ``meta.json``.

Run: ``python training/generator/export.py BASE.gguf OUT_OF_TRAINING/state.pt FOLDER --base-name smollm2-135m --version 1``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch

from duologue.training.lora_gguf import KNOWN, NAMES, PERMUTED, permuted

TASKS = ("generator_turn_planned", "generator_note", "query_induction", "query_bootstrap", "attribute_bootstrap")
"""The prompt templates that the adapter was trained on."""


def tensors(adapter: dict[str, torch.Tensor], heads: dict[str, int]) -> dict[str, np.ndarray[Any, Any]]:
    """Rename, and permute what ``heads`` names: ``model.layers.3.mlp.up_proj.a`` becomes ``blk.3.ffn_up.weight.lora_a``."""
    out = {}
    for name, value in sorted(adapter.items()):
        _, _, layer, part = name.split(".", 3)
        part, _, side = part.rpartition(".")
        array = value.numpy()
        if side == "b" and part in heads:
            array = permuted(array, heads[part])
        out[f"blk.{layer}.{NAMES[part]}.weight.lora_{side}"] = np.ascontiguousarray(array.astype(np.float32))
    return out


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def number(reader: gguf.GGUFReader, key: str) -> int:
    """An integer of a GGUF file's metadata."""
    field = reader.fields[key]
    return int(field.parts[field.data[0]][0])


def write(
    path: Path, arrays: dict[str, np.ndarray[Any, Any]], alpha: float, title: str, architecture: str, kind: str
) -> None:
    """Write the adapter under a name of its own first, so that a broken write is never taken for it."""
    part = path.with_suffix(".part")
    writer = gguf.GGUFWriter(str(part), architecture)
    writer.add_type("adapter")
    writer.add_name(title)
    writer.add_license("CC-BY-4.0")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, array in arrays.items():
        form = gguf.GGMLQuantizationType[kind if array.shape[-1] % 32 == 0 else "F16"]
        writer.add_tensor(name, gguf.quantize(array, form), raw_dtype=form)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    part.replace(path)


def main() -> None:
    """Export and describe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--base-name", default="smollm2-135m")
    parser.add_argument("--version", default="1")
    parser.add_argument("--kind", default="Q5_0", help="how the matrices are kept: Q5_0 or Q8_0")
    args = parser.parse_args()
    state = torch.load(args.state, weights_only=True)
    reader = gguf.GGUFReader(str(args.base))
    architecture = str(reader.fields["general.architecture"].contents())
    if architecture not in KNOWN:
        raise SystemExit(f"{args.base}: is of the architecture {architecture}; known are {', '.join(KNOWN)}")
    keys = {"self_attn.q_proj": "head_count", "self_attn.k_proj": "head_count_kv"} if architecture in PERMUTED else {}
    heads = {part: number(reader, f"llama.attention.{key}") for part, key in keys.items()}
    args.folder.mkdir(parents=True, exist_ok=True)
    target = args.folder / "adapter.gguf"
    write(
        target,
        tensors(state["adapter"], heads),
        state["alpha"],
        f"duologue generator {args.version}",
        architecture,
        args.kind,
    )
    meta = {
        "base": args.base_name,
        "base_sha256": sha256_of(args.base),
        "sha256": sha256_of(target),
        "version": args.version,
        "tasks": TASKS,
        "rank": state["rank"],
        "alpha": state["alpha"],
        "steps": state["step"],
        "tokens": state["seen"],
        "held_out_loss": state["figures"],
        **({"held_out_preference": state["preference"]} if "preference" in state else {}),
    }
    (args.folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(meta))


if __name__ == "__main__":
    main()
