"""A LoRA adapter in llama.cpp's form: PEFT's matrices under llama.cpp's names, in its order, with the base's identity."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from duologue.errors import ModelError
from duologue.models.adapters import BASE_KEY

Arrays = Mapping[str, npt.NDArray[np.float32]]
NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
"""llama.cpp's names of the layers."""
PERMUTED = ("llama",)
"""Architectures whose query and key rows llama.cpp keeps in another order: the two of a rotary pair side by side."""
PLAIN = ("qwen2", "qwen3")
"""Architectures that keep theirs."""
KNOWN = (*PERMUTED, *PLAIN)
"""Architectures that adapters are written for."""
_KEY = re.compile(r"layers\.(\d+)\.(self_attn\.\w+|mlp\.\w+)\.lora_([AB])(?:\.default)?\.weight$")


def to_gguf_names(matrices: Arrays, architecture: str, heads: int, kv_heads: int) -> dict[str, npt.NDArray[np.float32]]:
    """Rename PEFT's matrices and put query and key rows in llama.cpp's order.

    ``...layers.3.mlp.up_proj.lora_A.weight`` (rank, in) becomes ``blk.3.ffn_up.weight.lora_a``; B is (out, rank). Raises
    ModelError for an architecture or a layer that is not known.
    """
    if architecture not in KNOWN:
        known = ", ".join(KNOWN)
        raise ModelError(f"llama.cpp adapters are written for {known}; {architecture} is none; use the PEFT folder")
    out: dict[str, npt.NDArray[np.float32]] = {}
    for name, array in sorted(matrices.items()):
        match = _KEY.search(name)
        if match is None or match.group(2) not in NAMES:
            raise ModelError(f"the adapter's matrix {name} has no name in llama.cpp; use the PEFT folder")
        layer, part, side = match.group(1), match.group(2), match.group(3).lower()
        value = np.asarray(array, dtype=np.float32)
        if side == "b" and architecture in PERMUTED and part.endswith(("q_proj", "k_proj")):
            value = permuted(value, heads if part.endswith("q_proj") else kv_heads)
        out[f"blk.{layer}.{NAMES[part]}.weight.lora_{side}"] = np.ascontiguousarray(value)
    return out


def permuted(rows: npt.NDArray[np.float32], heads: int) -> npt.NDArray[np.float32]:
    """Rows (out, rank) with the two of each rotary pair side by side. Raises ModelError when they are not of ``heads``."""
    if rows.shape[0] % (2 * heads):
        raise ModelError(
            f"an adapter's {rows.shape[0]} rows are not of {heads} heads; the GGUF file is of another model"
        )
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(rows.shape)


def write_adapter(
    path: Path, arrays: Arrays, *, architecture: str, alpha: float, base: str, title: str, licence: str = ""
) -> None:
    """Write the adapter file, half precision. ``base`` is the identity of the only model that it fits."""
    from gguf import GGMLQuantizationType, GGUFWriter

    writer: Any = GGUFWriter(str(path), architecture)
    writer.add_type("adapter")
    writer.add_name(title)
    if licence:
        writer.add_license(licence)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    writer.add_string(BASE_KEY, base)
    for name, array in arrays.items():
        writer.add_tensor(name, array.astype(np.float16), raw_dtype=GGMLQuantizationType.F16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def shape_of(base: Path) -> tuple[str, int, int]:
    """(architecture, heads, key-value heads) of a GGUF model. Raises ModelError when the file doesn't say."""
    from gguf import GGUFReader

    try:
        fields = GGUFReader(base).fields
        architecture = str(fields["general.architecture"].contents())
        heads = int(fields[f"{architecture}.attention.head_count"].contents())
        kv_heads = int(fields[f"{architecture}.attention.head_count_kv"].contents())
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelError(f"{base}: does not state its architecture; fetch it anew") from error
    return architecture, heads, kv_heads
