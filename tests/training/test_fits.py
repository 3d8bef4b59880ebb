"""A GGUF file beside a checkpoint: the same weights or not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.training.tiny import HEADS, INNER, KV_HEADS, LAYERS, WIDTH, write_tiny

from duologue.errors import UsageError
from duologue.training.fits import check_fits, rounding

SIZES = {
    "num_hidden_layers": LAYERS,
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS,
}


def down(path: Path) -> Any:
    from gguf import GGUFReader

    named = {tensor.name: tensor.data for tensor in GGUFReader(path).tensors}
    return lambda layer: np.array(named[f"blk.{layer}.ffn_down.weight"], dtype=np.float32)


def test_a_checkpoints_own_file_fits(tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "tiny.gguf")
    check_fits(path, SimpleNamespace(**SIZES), down(path))
    near = down(path)
    check_fits(path, SimpleNamespace(**SIZES), lambda layer: near(layer).astype(np.float16).astype(np.float32))


def test_other_sizes_or_weights_are_refused(tmp_path: Path) -> None:
    path, other = write_tiny(tmp_path / "tiny.gguf"), write_tiny(tmp_path / "other.gguf", seed=1)
    with pytest.raises(UsageError, match="num_attention_heads 4, the checkpoint's is 8"):
        check_fits(path, SimpleNamespace(**{**SIZES, "num_attention_heads": 8}), down(path))
    with pytest.raises(UsageError, match="holds other weights than the checkpoint"):
        check_fits(path, SimpleNamespace(**SIZES), down(other))
    # An instruction-tuned model beside its base differs by little.
    with pytest.raises(UsageError, match="layer 1 differs by 3%"):
        check_fits(path, SimpleNamespace(**SIZES), lambda layer: 1.03 * down(path)(layer))


@pytest.mark.parametrize(("kind", "bits"), [("Q4_0", 4.5), ("Q4_1", 5.0), ("Q5_0", 5.5), ("Q8_0", 8.5)])
def test_rounding_of_the_file_is_no_difference(kind: str, bits: float) -> None:
    from gguf import GGMLQuantizationType, dequantize, quantize

    made = np.random.default_rng(1).standard_normal((64, 256)).astype(np.float32)
    type_ = GGMLQuantizationType[kind]
    apart = np.linalg.norm(dequantize(quantize(made, type_), type_) - made) / np.linalg.norm(made)
    assert 0.3 * rounding(bits) < apart < 0.8 * rounding(bits)
