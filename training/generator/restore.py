"""Turns a shipped adapter (GGUF) back into a state that ``train.py --start`` begins with; the reverse of ``export.py``.

Run: ``python training/generator/restore.py BASE.gguf ADAPTER.gguf STATE.pt``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch

from export import NAMES, number


def unpermuted(rows: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Undo :func:`export.permuted`."""
    return rows.reshape(heads, rows.shape[0] // heads // 2, 2, -1).swapaxes(1, 2).reshape(rows.shape)


def matrices(path: Path, heads: int, kv_heads: int) -> dict[str, torch.Tensor]:
    """The LoRA matrices under the names that ``train.py`` gives them, float32."""
    layers = {short: full for full, short in NAMES.items()}
    found: dict[str, torch.Tensor] = {}
    for tensor in gguf.GGUFReader(str(path)).tensors:
        _, layer, short, _, side = tensor.name.replace("lora_", "").split(".")
        array = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        if side == "b" and short in ("attn_q", "attn_k"):
            array = unpermuted(array, heads if short == "attn_q" else kv_heads)
        found[f"model.layers.{layer}.{layers[short]}.{side}"] = torch.from_numpy(np.ascontiguousarray(array))
    return found


def main() -> None:
    """Read the adapter, write the state."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", type=Path)
    parser.add_argument("adapter", type=Path)
    parser.add_argument("state", type=Path)
    args = parser.parse_args()
    reader = gguf.GGUFReader(str(args.base))
    heads, kv_heads = (number(reader, f"llama.attention.{key}") for key in ("head_count", "head_count_kv"))
    state = {"adapter": matrices(args.adapter, heads, kv_heads)}
    args.state.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, args.state)
    print(f"{len(state['adapter'])} matrices")


if __name__ == "__main__":
    main()
