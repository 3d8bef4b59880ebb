from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from duologue.errors import ModelError
from duologue.models.nli import LABELS, OnnxFit, OnnxNli, builtin_folder, fit_context, load_fit, load_nli
from duologue.models.protocol import Floats
from duologue.models.scripted import ScriptedFit, ScriptedNli

PAIRS = [("w1 w2", "w3"), ("w9 w9 w9 w9", "w1"), ("", ""), ("w1 w2", "w3"), ("w40", "w41 w42")]


def test_probabilities(nli_folder: Callable[..., Path]) -> None:
    model = OnnxNli(nli_folder())
    assert model.name == "nli-7"
    result = model.predict(PAIRS)
    assert result.shape == (5, 3)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(result[0], result[3])
    # The sum of ids of the first pair: [CLS] 1, w1 11, w2 12, [SEP] 2, w3 13, [SEP] 2.
    logits = np.array([0.02, 0.0, -0.01]) * 41
    np.testing.assert_allclose(result[0], np.exp(logits) / np.exp(logits).sum(), rtol=1e-5)
    assert model.predict([]).shape == (0, 3)
    np.testing.assert_array_equal(model.predict(PAIRS[::-1]), result[::-1])


def test_labels_in_another_order_are_put_right(nli_folder: Callable[..., Path]) -> None:
    model = OnnxNli(nli_folder(("contradiction", "entailment", "neutral"), (-0.01, 0.02, 0.0)))
    entailment, neutral, contradiction = model.predict(PAIRS[:1])[0]
    assert entailment > neutral > contradiction


def test_many_threads_get_the_same(nli_folder: Callable[..., Path]) -> None:
    model = OnnxNli(nli_folder(), threads=1)
    pairs = [(f"w{n % 50} w{n % 7}", f"w{n % 13}") for n in range(120)]
    results: list[Floats] = []
    threads = [threading.Thread(target=lambda: results.append(model.predict(pairs))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == 4
    for result in results:
        np.testing.assert_array_equal(result, model.predict(pairs))


def test_a_changed_graph_is_not_loaded(nli_folder: Callable[..., Path]) -> None:
    folder = nli_folder()
    graph = folder / "model.onnx"
    graph.write_bytes(graph.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="damaged"):
        load_nli(str(folder))


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "meta.json"])
def test_an_incomplete_folder(nli_folder: Callable[..., Path], name: str) -> None:
    folder = nli_folder()
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"has no {name}"):
        load_nli(str(folder))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ["yes", "no", "maybe"]}, "labels in"),
        ({"labels": None}, "labels in"),
        ({"max_length": "long"}, "max_length in"),
        ({"max_length": True}, "max_length in"),
        ({"sha256": None}, "sha256"),
    ],
)
def test_a_wrong_meta_file(nli_folder: Callable[..., Path], change: dict[str, object], message: str) -> None:
    folder = nli_folder()
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps({**meta, **change}))
    with pytest.raises(ModelError, match=message):
        load_nli(str(folder))


@pytest.mark.parametrize("text", ["", "[]", "{", "\x00"])
def test_a_meta_file_that_is_none(nli_folder: Callable[..., Path], text: str) -> None:
    folder = nli_folder()
    (folder / "meta.json").write_text(text)
    with pytest.raises(ModelError, match=r"meta\.json"):
        load_nli(str(folder))


def test_names(tmp_path: Path) -> None:
    assert isinstance(load_nli("scripted"), ScriptedNli)
    with pytest.raises(ModelError, match="neither builtin, scripted nor a folder"):
        load_nli(str(tmp_path / "absent"))
    assert builtin_folder().parts[-2:] == ("weights", "nli")


def test_the_model_that_ships_with_duologue() -> None:
    model = load_nli("builtin")
    pairs = [
        ("I love dogs.", "I hate dogs."),
        ("I have never been married.", "I am married to a cook."),
        ("I work as a nurse.", "I like green tea."),
        ("I am a nurse in a big hospital.", "I am a nurse."),
    ]
    expected = ["contradiction", "contradiction", "neutral", "entailment"]
    result = model.predict(pairs)
    assert [LABELS[column] for column in result.argmax(axis=1)] == expected


def test_the_shipped_model_does_not_look_at_the_company() -> None:
    folder = builtin_folder()
    alone, together = OnnxNli(folder, threads=1), OnnxNli(folder, threads=2)
    fit_alone, fit_together = OnnxFit(folder, threads=1), OnnxFit(folder, threads=2)
    pairs = [(f"I have {n} very old cats" + " and a dog" * (n % 5), "I like tea") for n in range(40)]
    pairs += [("Do you have any pets?", "Yes, two cats."), ("I love dogs.", "I hate dogs.")]
    np.testing.assert_allclose(np.vstack([alone.predict([p]) for p in pairs]), together.predict(pairs), atol=1e-5)
    one_by_one = np.concatenate([fit_alone.score([p]) for p in pairs])
    np.testing.assert_allclose(one_by_one, fit_together.score(pairs), atol=1e-5)


def test_fit(nli_folder: Callable[..., Path]) -> None:
    folder = nli_folder(fit=True)
    model = load_fit(str(folder))
    assert model.name == "nli-7"
    result = model.score(PAIRS)
    assert result.dtype == np.float32
    # The sums of the ids, with 1 + 2 + 2 for the marks, are 41, 19 * 4 + 11 + 5, 5, 41 and 50 + 51 + 52 + 5.
    np.testing.assert_allclose(result, 1 / (1 + np.exp(40.0 - np.array([41, 92, 5, 41, 158]))), rtol=1e-5)
    assert model.score([]).shape == (0,)
    np.testing.assert_array_equal(model.score(PAIRS[::-1]), result[::-1])
    # The same folder serves both roles.
    np.testing.assert_allclose(OnnxNli(folder).predict(PAIRS).sum(axis=1), 1.0, atol=1e-6)


def test_a_model_without_fit(nli_folder: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no output 'fit'"):
        load_fit(str(nli_folder()))
    assert isinstance(load_fit("scripted"), ScriptedFit)
    with pytest.raises(ModelError, match="neither builtin, scripted nor a folder"):
        load_fit(str(tmp_path / "absent"))


def test_fit_context() -> None:
    assert fit_context([]) == ""
    assert fit_context(["a", "b c", "d"]) == "b c d"
    assert fit_context(["w " * 50, "v " * 50]).split() == ["w"] * 10 + ["v"] * 50


def test_the_shipped_fit() -> None:
    model = load_fit("builtin")
    context = fit_context(["I have two dogs.", "Nice, what are their names?"])
    good, other = model.score([(context, "They are called Rex and Daisy."), (context, "I work in a bank downtown.")])
    assert good > other


def _as_on_the_hub(folder: Path, order: tuple[str, ...], where: str = "onnx/model.onnx", **config: Any) -> Path:
    (folder / "meta.json").unlink()
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / where)
    named = {"id2label": {str(i): label for i, label in enumerate(order)}, "max_position_embeddings": 512}
    (folder / "config.json").write_text(json.dumps({**named, **config}))
    return folder


@pytest.mark.parametrize("where", ["onnx/model.onnx", "model.onnx"])
def test_a_folder_as_it_lies_on_the_hub(nli_folder: Callable[..., Path], where: str) -> None:
    folder = nli_folder(("contradiction", "entailment", "neutral"), (-0.01, 0.02, 0.0))
    expected = OnnxNli(folder).predict(PAIRS)
    model = OnnxNli(_as_on_the_hub(folder, ("CONTRADICTION", "entailment", "Neutral"), where))
    np.testing.assert_array_equal(model.predict(PAIRS), expected)
    assert len(model.name.removeprefix("nli-")) == 12
    assert model.predict([("w1 " * 900, "w2")]).shape == (1, 3)


@pytest.mark.parametrize(
    ("order", "config", "message"),
    [
        (("entailment", "not_entailment"), {}, "no three-way"),
        ((), {"id2label": None}, "names no labels"),
        (LABELS, {"max_position_embeddings": "many"}, "names no labels"),
    ],
)
def test_a_hub_model_of_another_kind(
    nli_folder: Callable[..., Path], order: tuple[str, ...], config: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        load_nli(str(_as_on_the_hub(nli_folder(), order, **config)))


@pytest.mark.parametrize("name", ["onnx/model.onnx", "tokenizer.json"])
def test_an_incomplete_hub_folder(nli_folder: Callable[..., Path], name: str) -> None:
    folder = _as_on_the_hub(nli_folder(), LABELS)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"has no {name}"):
        load_nli(str(folder))
