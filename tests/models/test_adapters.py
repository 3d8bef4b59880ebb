from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from duologue.errors import ModelError
from duologue.models.adapters import checked_adapter, packaged_adapter
from duologue.models.registry import REGISTRY

BASE = "ab" * 32
CONTENT = b"GGUF and more"


def put(folder: Path, content: bytes = CONTENT, **changes: object) -> Path:
    meta = {"base_sha256": BASE, "sha256": hashlib.sha256(CONTENT).hexdigest(), **changes}
    (folder / "meta.json").write_text(json.dumps(meta))
    (folder / "adapter.gguf").write_bytes(content)
    return folder / "adapter.gguf"


def test_the_right_bytes_for_the_right_base(tmp_path: Path) -> None:
    path = put(tmp_path)
    assert checked_adapter(tmp_path, BASE) == path


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT[:-1] + b"!", b""])
def test_damaged_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, content)
    with pytest.raises(ModelError, match=r"adapter\.gguf is damaged") as caught:
        checked_adapter(tmp_path, BASE)
    assert "\n" not in str(caught.value)


def test_another_base_is_refused(tmp_path: Path) -> None:
    put(tmp_path)
    with pytest.raises(ModelError, match="trained for another model"):
        checked_adapter(tmp_path, "cd" * 32)


@pytest.mark.parametrize("missing", ["adapter.gguf", "meta.json"])
def test_missing_files_are_one_line(tmp_path: Path, missing: str) -> None:
    put(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(ModelError, match=r"no readable adapter\.gguf and meta\.json") as caught:
        checked_adapter(tmp_path, BASE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("meta", ["", "[]", "{}", "null", '{"sha256": "x"}'])
def test_broken_meta_is_one_line(tmp_path: Path, meta: str) -> None:
    put(tmp_path)
    (tmp_path / "meta.json").write_text(meta)
    with pytest.raises(ModelError, match="no readable"):
        checked_adapter(tmp_path, BASE)


def test_every_registered_adapter_is_shipped_and_fits_its_base() -> None:
    entries = [entry for entry in REGISTRY if entry.adapter]
    assert entries
    for entry in entries:
        assert entry.adapter is not None
        path = packaged_adapter(entry.adapter, entry.files[0].sha256)
        assert path.stat().st_size < 25_000_000
        assert (path.parent / "card.md").is_file()
