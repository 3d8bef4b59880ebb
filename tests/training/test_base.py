"""Finding the base model."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.training.tiny import write_tiny

from duologue.errors import ModelError, UsageError
from duologue.training import base as module
from duologue.training.base import find_base, gguf_value, known_of, targets, weights_of
from duologue.training.terms import check_terms


def test_a_gguf_file_is_known_by_its_hash_and_licence(tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "tiny.gguf")
    base = find_base(str(path))
    assert (base.name, base.gguf, base.licence) == ("tiny", path, "apache-2.0")
    assert base.identity == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_checkpoint_states_its_licence_in_its_card(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    with pytest.raises(UsageError, match=r"config\.json is missing"):
        find_base(str(folder))
    (folder / "config.json").write_text("{}")
    (folder / "README.md").write_text("---\ntags: [x]\nlicense: 'cc-by-nd-4.0'\n---\nlicense: mit\n")
    base = find_base(str(folder))
    assert (base.name, base.gguf, base.identity, base.licence) == ("mine", None, "", "cc-by-nd-4.0")
    fits = write_tiny(tmp_path / "tiny.gguf")
    base = find_base(str(folder), gguf=fits)
    assert (base.gguf, base.architecture, base.exports) == (fits, "llama", True)


def test_terms_of_a_makers_own_are_known_by_their_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "README.md").write_text("---\nlicense: other\nlicense_name: qwen-research\n---\n")
    assert find_base(str(tmp_path)).licence == "qwen-research"
    (tmp_path / "README.md").write_text("---\nlicense: mit\nlicense_name: qwen-research\n---\n")
    assert find_base(str(tmp_path)).licence == "mit"
    path = write_tiny(tmp_path / "tiny.gguf", licence="other", named="qwen-research")
    assert find_base(str(path)).licence == known_of(str(path))[1] == "qwen-research"
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCardData(license="other", license_name="qwen-research")
    monkeypatch.setattr(hub, "model_info", lambda name, timeout: SimpleNamespace(card_data=card))
    assert find_base("somebody/model").licence == "qwen-research"


def test_a_gguf_file_beside_a_checkpoint_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UsageError, match=r"--gguf: .*none\.gguf: there is no such file"):
        find_base(str(tmp_path), gguf=tmp_path / "none.gguf")
    (tmp_path / "text.gguf").write_text("text")
    with pytest.raises(ModelError, match="not a GGUF model"):
        find_base(str(tmp_path), gguf=tmp_path / "text.gguf")


def test_a_kind_of_model_without_known_names_gets_no_llama_cpp_adapter(tmp_path: Path) -> None:
    base = find_base(str(write_tiny(tmp_path / "tiny.gguf", architecture="gemma")))
    assert (base.architecture, base.exports) == ("gemma", False)


def test_checkpoints_are_told_apart_by_their_bytes(tmp_path: Path) -> None:
    found = []
    for place, content in (("a", b"one"), ("b", b"two"), ("c", b"one")):
        folder = tmp_path / place / "model"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(content)
        found.append(weights_of(find_base(str(folder))))
    assert found[0] == found[2] != found[1]
    beside = write_tiny(tmp_path / "tiny.gguf")
    assert weights_of(find_base(str(tmp_path / "a" / "model"), gguf=beside)) != found[0]
    alone = find_base(str(beside))
    assert weights_of(alone) == alone.identity


def test_what_is_merged_into_a_base_keeps_its_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tiny(tmp_path / "tiny.gguf")
    monkeypatch.setattr(module, "weights", lambda name, on_pull: (path, name, "0" * 64))
    base = find_base("duologue-135m")
    assert "CC-BY-4.0" in base.licence
    assert check_terms(base.name, base.licence, (), non_commercial=False) == []


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        find_base(str(tmp_path / "none.gguf"))
    with pytest.raises(UsageError, match="no language model"):
        find_base("minilm")
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF but not really")
    with pytest.raises(ModelError, match="damaged or no GGUF"):
        gguf_value(broken, "general.license")


def test_a_model_without_the_layers_is_refused() -> None:
    layers = [("model.layers.0.self_attn.q_proj", None), ("model.layers.0.mlp.up_proj", None)]
    assert targets(SimpleNamespace(named_modules=lambda: layers)) == ["q_proj", "up_proj"]
    with pytest.raises(ModelError, match="has none of the layers"):
        targets(SimpleNamespace(named_modules=list))
