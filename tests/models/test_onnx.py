from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.errors import ModelError
from duologue.models import onnx
from duologue.models.onnx import BATCH_ROWS, BATCH_TOKENS, OnnxText, VectorCache, batches


@given(st.lists(st.integers(1, 3000), max_size=200))
def test_batches_hold_every_text_once_within_the_limits(lengths: list[int]) -> None:
    groups = list(batches(lengths))
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    for group in groups:
        assert 1 <= len(group) <= BATCH_ROWS
        assert len(group) == 1 or len(group) * max(lengths[index] for index in group) <= BATCH_TOKENS


@given(st.integers(1, 5), st.lists(st.integers(0, 9), max_size=40))
def test_the_cache_keeps_the_latest(size: int, keys: list[int]) -> None:
    cache: VectorCache[int] = VectorCache(size)
    used: list[int] = []
    for key in keys:
        found = cache.get([key])
        expected = key in used[-size:]
        assert (key in found) is expected
        if not expected:
            cache.put({key: np.array([key], dtype=np.float32)})
        used = [*(k for k in used if k != key), key]
        assert len(cache) == min(size, len(used))
        assert cache.get([key])[key] == key


def test_padding_does_not_change_a_result(nli_folder: Callable[..., Path]) -> None:
    folder = nli_folder()
    graph = OnnxText(folder / "model.onnx", folder / "tokenizer.json", 16, threads=1)
    texts = ["w1", "w1 w2 w3 w4 w5", "", "w9 " * 100]
    results: dict[int, float] = {}
    for rows, output, mask in graph.run(texts):
        assert output.shape == (len(rows), 3)
        results.update(zip(rows, (output[:, 0] / 0.02).tolist(), strict=True))
        assert mask.sum(axis=1).max() <= 16
    # [CLS] and [SEP] have the ids 1 and 2, w9 has 19, and 14 of it fit in.
    assert [round(results[row]) for row in range(4)] == [14, 3 + 11 + 12 + 13 + 14 + 15, 3, 3 + 14 * 19]


def test_a_graph_that_quantises_by_the_batch_gets_texts_one_by_one(nli_folder: Callable[..., Path]) -> None:
    folder = nli_folder()
    texts = [f"w{n}" for n in range(5)]
    together = list(OnnxText(folder / "model.onnx", folder / "tokenizer.json", 16).run(texts))
    assert [len(rows) for rows, _, _ in together] == [5]
    # The producer's name (field 2 of the model) stands in for an operator of that kind.
    graph = folder / "model.onnx"
    graph.write_bytes(graph.read_bytes() + bytes([0x12, 21]) + b"DynamicQuantizeLinear")
    alone = list(OnnxText(graph, folder / "tokenizer.json", 16).run(texts))
    assert [rows for rows, _, _ in alone] == [[0], [1], [2], [3], [4]]
    np.testing.assert_array_equal(np.vstack([output for _, output, _ in alone]), together[0][1])


def test_an_output_by_name(nli_folder: Callable[..., Path]) -> None:
    folder = nli_folder(fit=True)
    graph = OnnxText(folder / "model.onnx", folder / "tokenizer.json", 16)
    assert graph.outputs == ("logits", "fit")
    (rows, fit, _) = next(graph.run(["w1"], "fit"))
    assert rows == [0]
    np.testing.assert_allclose(fit, [[1 + 11 + 2 - 40]])


def test_many_texts_come_in_chunks(nli_folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx, "CHUNK", 10)
    folder = nli_folder()
    texts = [f"w{n % 50}" for n in range(35)]
    sums: dict[int, int] = {}
    for rows, output, _ in OnnxText(folder / "model.onnx", folder / "tokenizer.json", 16).run(texts):
        sums.update(zip(rows, np.rint(output[:, 0] / 0.02).astype(int).tolist(), strict=True))
    assert [sums[row] for row in range(35)] == [3 + 10 + n % 50 for n in range(35)]


def test_files_that_are_none(nli_folder: Callable[..., Path], tmp_path: Path) -> None:
    folder = nli_folder()
    bad = tmp_path / "bad"
    bad.write_bytes(b"\x00\xffnot a graph")
    with pytest.raises(ModelError, match="bad can't be loaded") as caught:
        OnnxText(bad, folder / "tokenizer.json", 16)
    assert "\n" not in str(caught.value)
    with pytest.raises(ModelError, match="bad can't be loaded"):
        OnnxText(folder / "model.onnx", bad, 16)


def test_the_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r"onnxruntime.*pip install 'duologue\[embedded\]'"):
        OnnxText(tmp_path / "m", tmp_path / "t", 16)
