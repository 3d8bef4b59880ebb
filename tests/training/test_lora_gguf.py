"""Names and order of llama.cpp's adapters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from duologue.errors import ModelError
from duologue.models.adapters import trained_adapter
from duologue.training.lora_gguf import permuted, to_gguf_names, write_adapter

PREFIX = "base_model.model.model.layers.3."


def test_names_and_order() -> None:
    q = np.arange(8, dtype=np.float32).reshape(8, 1)
    given = {
        f"{PREFIX}self_attn.q_proj.lora_B.weight": q,
        f"{PREFIX}mlp.up_proj.lora_A.weight": np.ones((1, 8), dtype=np.float32),
    }
    made = to_gguf_names(given, "llama", 2, 1)
    assert set(made) == {"blk.3.attn_q.weight.lora_b", "blk.3.ffn_up.weight.lora_a"}
    # Two heads of four rows: (0, 2), (1, 3) lie side by side.
    assert made["blk.3.attn_q.weight.lora_b"].ravel().tolist() == [0, 2, 1, 3, 4, 6, 5, 7]
    assert to_gguf_names(given, "qwen2", 2, 1)["blk.3.attn_q.weight.lora_b"].ravel().tolist() == list(range(8))
    assert permuted(q, 2).shape == (8, 1)


def test_what_llama_cpp_has_no_name_for_is_refused() -> None:
    one = np.ones((1, 1), dtype=np.float32)
    with pytest.raises(ModelError, match="gpt2 is none"):
        to_gguf_names({}, "gpt2", 1, 1)
    with pytest.raises(ModelError, match="not of 3 heads"):
        permuted(np.ones((8, 1), dtype=np.float32), 3)
    with pytest.raises(ModelError, match="has no name"):
        to_gguf_names({f"{PREFIX}mlp.router.lora_A.weight": one}, "llama", 1, 1)


def test_a_bare_file_is_checked_by_its_own_metadata(tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    arrays = {"blk.0.ffn_up.weight.lora_a": np.ones((2, 32), dtype=np.float32)}
    write_adapter(path, arrays, architecture="llama", alpha=4.0, base="b" * 64, title="t")
    assert trained_adapter(str(path), "b" * 64) == path
    with pytest.raises(ModelError, match="trained for another model"):
        trained_adapter(str(path), "c" * 64)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ModelError, match="damaged or no GGUF"):
        trained_adapter(str(path), "b" * 64)
    with pytest.raises(ModelError, match=r"holds no adapter\.gguf"):
        trained_adapter(str(tmp_path / "nowhere"), "b" * 64)
    (tmp_path / "alone" / "peft").mkdir(parents=True)
    with pytest.raises(ModelError, match="PEFT adapter alone; train it with --gguf"):
        trained_adapter(str(tmp_path / "alone"), "b" * 64)
