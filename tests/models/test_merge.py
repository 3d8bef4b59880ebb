"""Merging on a made-up model of two small matrices."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from duologue.errors import ModelError
from duologue.models.merge import merge, merged_file

gguf = pytest.importorskip("gguf")

RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(4, 64)).astype(np.float32)
OTHER = RNG.normal(size=(8, 32)).astype(np.float32)
DOWN = RNG.normal(size=(32, 64)).astype(np.float32)
UP = RNG.normal(size=(4, 32)).astype(np.float32)


def base(path: Path) -> Path:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("general.name", "tiny")
    writer.add_array("tokenizer.ggml.tokens", ["a", "b"])
    writer.add_tensor("blk.0.attn_q.weight", WEIGHTS)
    writer.add_tensor("blk.0.other.weight", OTHER)
    return finish(writer, path)


def adapter(path: Path, name: str = "blk.0.attn_q.weight", down: np.ndarray = DOWN) -> Path:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_float32("adapter.lora.alpha", 64.0)
    writer.add_tensor(f"{name}.lora_a", down)
    writer.add_tensor(f"{name}.lora_b", UP)
    return finish(writer, path)


def finish(writer: Any, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_the_adapter_is_added_and_the_rest_kept(tmp_path: Path) -> None:
    to = tmp_path / "merged.gguf"
    merge(base(tmp_path / "base.gguf"), adapter(tmp_path / "adapter.gguf"), to)
    reader = gguf.GGUFReader(to)
    found = {t.name: gguf.dequantize(t.data, t.tensor_type) for t in reader.tensors}
    wanted = WEIGHTS + 64.0 / 32 * UP @ DOWN
    assert np.abs(found["blk.0.attn_q.weight"] - wanted).max() < 0.02 * np.abs(wanted).max()
    assert np.array_equal(found["blk.0.other.weight"], OTHER)
    assert reader.fields["general.name"].contents() == "tiny"
    assert reader.fields["tokenizer.ggml.tokens"].contents() == ["a", "b"]


def test_an_adapter_for_another_model_is_refused(tmp_path: Path) -> None:
    whole = base(tmp_path / "base.gguf")
    with pytest.raises(ModelError, match="there is no blk"):
        merge(whole, adapter(tmp_path / "a.gguf", "blk.7.attn_q.weight"), tmp_path / "m.gguf")
    with pytest.raises(ModelError, match="another shape"):
        merge(whole, adapter(tmp_path / "b.gguf", down=DOWN[:, :32].copy()), tmp_path / "m.gguf")


def test_a_merged_file_is_made_once_and_again_when_damaged(tmp_path: Path) -> None:
    whole, change = base(tmp_path / "base.gguf"), adapter(tmp_path / "adapter.gguf")
    path = merged_file(whole, change, "tiny", "f" * 64)
    assert path == tmp_path / "tiny-ffffffffffff.gguf"
    made = path.stat().st_mtime_ns
    good = path.read_bytes()
    assert merged_file(whole, change, "tiny", "f" * 64) == path
    assert path.stat().st_mtime_ns == made
    path.write_bytes(good[:-5] + b"wrong")
    assert merged_file(whole, change, "tiny", "f" * 64).read_bytes() == good
    assert not list(tmp_path.glob("*.part"))


def test_where_nothing_can_be_written_it_stands_with_the_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    whole, change = base(tmp_path / "base.gguf"), adapter(shared / "adapter.gguf")
    # Rights don't hold for everyone, such as root.
    monkeypatch.setattr(os, "access", lambda path, mode: path != shared)
    spare = tmp_path / "models" / "own"
    assert merged_file(whole, change, "tiny", "f" * 64, shared, spare) == spare / "tiny-ffffffffffff.gguf"
    assert [p.name for p in shared.iterdir()] == ["adapter.gguf"]
