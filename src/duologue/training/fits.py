"""Whether a GGUF file holds the weights of the checkpoint that is trained, looked at before the training.

An adapter bears the identity of the GGUF file, so one that was trained on other weights would be loaded without a word.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from duologue.errors import ModelError, UsageError

_NUMBERS = {
    "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
}
"""GGUF's names of a model's sizes, and those of config.json."""


def check_fits(path: Path, config: Any, matrix: Callable[[int], npt.NDArray[np.float32]]) -> None:
    """Compare sizes, and one matrix, of the GGUF file at ``path`` with a checkpoint's.

    ``config`` has the attributes of config.json; ``matrix`` gives the weights ``down_proj`` (out, in) of a layer. Raises
    UsageError where they differ by more than the file's rounding explains, ModelError when the file can't be read.
    """
    from gguf import GGUFReader, dequantize

    try:
        reader = GGUFReader(path)
        architecture = str(reader.fields["general.architecture"].contents())
        found = {
            name: int(reader.fields[f"{architecture}.{name}"].contents())
            for name in _NUMBERS
            if f"{architecture}.{name}" in reader.fields
        }
        named = {tensor.name: tensor for tensor in reader.tensors}
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelError(f"{path}: does not state its architecture; fetch it anew") from error
    for name, number in found.items():
        wanted = getattr(config, _NUMBERS[name], None)
        if wanted is not None and int(wanted) != number:
            raise UsageError(
                f"--gguf: {path} is of another model ({_NUMBERS[name]} {number}, the checkpoint's is {wanted}); give the "
                "checkpoint's own"
            )
    layer = found.get("block_count", 1) - 1
    tensor = named.get(f"blk.{layer}.ffn_down.weight")
    if tensor is None:
        raise UsageError(f"--gguf: {path} has no weights of layer {layer}; give the checkpoint's own")
    theirs, mine = dequantize(tensor.data, tensor.tensor_type).astype(np.float32), matrix(layer)
    apart = float(np.linalg.norm(theirs - mine) / np.linalg.norm(mine)) if theirs.shape == mine.shape else np.inf
    if not apart <= rounding(8 * tensor.n_bytes / tensor.n_elements):
        raise UsageError(
            f"--gguf: {path} holds other weights than the checkpoint (layer {layer} differs by {apart:.0%}); give the "
            "checkpoint's own"
        )


def rounding(bits: float) -> float:
    """The largest relative error of weights kept in ``bits`` each that is still put down to rounding.

    Twice that of even steps over blocks of 32 normal values, and no less than what half precision loses.
    """
    return float(max(0.015, 2.5 / 2 ** max(1, round(bits - 0.5))))
