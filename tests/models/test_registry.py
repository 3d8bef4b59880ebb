from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from duologue.errors import ModelError, UsageError
from duologue.models import files
from duologue.models.registry import DEFAULT_LLM, REGISTRY, HubFile, ModelEntry, WheelParts, find, model_dir

CONTENT = bytes(range(256)) * 3000


def put(entry: ModelEntry, content: bytes) -> Path:
    entry.folder.mkdir(parents=True, exist_ok=True)
    path = entry.folder / entry.files[0].name
    path.write_bytes(content)
    return path


def test_every_file_is_pinned_and_has_a_source() -> None:
    assert len({entry.name for entry in REGISTRY}) == len(REGISTRY)
    for entry in REGISTRY:
        assert entry.licence
        assert entry.size_bytes == sum(file.size for file in entry.files) > 0
        for file in entry.files:
            assert len(bytes.fromhex(file.sha256)) == 32
            assert "/" not in file.name
            assert file.sources
            kinds = [type(source) for source in file.sources]
            assert kinds == sorted(kinds, key=[HubFile, WheelParts].index), "the hub comes first"


def test_slices_of_a_file_are_numbered_without_gaps() -> None:
    for name, count in (("qwen2.5-coder-0.5b", 6), ("qwen2.5-coder-1.5b", 22)):
        (source,) = (s for s in find(name).files[0].sources if isinstance(s, WheelParts))
        assert len(source.parts) == count
        for n, part in enumerate(source.parts, start=1):
            assert f"part{n}==" in part.wheel
            assert part.path.endswith(f"/part{n:02d}.bin")


def test_find_by_name_default_and_case() -> None:
    assert find("default").name == DEFAULT_LLM
    assert find(DEFAULT_LLM).kind == "llm"
    assert find(" MiniLM ").kind == "embedder"


def test_unknown_name_gets_the_list_and_the_closest() -> None:
    with pytest.raises(UsageError) as caught:
        find("qwen2.5-coder-05b")
    message = str(caught.value)
    assert "did you mean qwen2.5-coder-0.5b?" in message
    assert all(entry.name in message for entry in REGISTRY)
    assert "\n" not in message
    with pytest.raises(UsageError, match=r"no model named 'x{60}' \(known"):
        find("x" * 500)


def test_model_dir_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DUOLOGUE_MODELS", str(tmp_path / "here"))
    assert model_dir() == tmp_path / "here"
    monkeypatch.delenv("DUOLOGUE_MODELS")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert model_dir() == tmp_path / "cache" / "duologue" / "models"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert model_dir() == Path.home() / ".cache" / "duologue" / "models"


def test_local_path_of_missing_and_right_files(entry: ModelEntry) -> None:
    assert entry.local_path() is None
    path = put(entry, CONTENT)
    assert entry.local_path() == path
    assert entry.local_path("model.gguf") == path
    with pytest.raises(KeyError):
        entry.local_path("other.gguf")


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"!", CONTENT[:-1], b""])
def test_wrong_bytes_are_never_loaded(entry: ModelEntry, content: bytes) -> None:
    put(entry, CONTENT)
    assert entry.local_path() is not None
    put(entry, content)
    with pytest.raises(ModelError, match=r"model\.gguf is damaged .* duologue models pull tiny"):
        entry.local_path()


@pytest.mark.parametrize(("content", "here"), [(None, False), (CONTENT[:-1], False), (CONTENT, True)])
def test_is_here_goes_by_the_size(entry: ModelEntry, content: bytes | None, here: bool) -> None:
    if content is not None:
        put(entry, content)
    assert entry.is_here is here


def test_a_file_is_hashed_once_until_it_changes(entry: ModelEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []
    real = files.sha256_of
    monkeypatch.setattr(files, "sha256_of", lambda path: hashed.append(path) or real(path))  # type: ignore[func-returns-value]
    path = put(entry, CONTENT)
    assert entry.local_path() == entry.local_path() == path
    assert len(hashed) == 1
    later = path.stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(later, later))
    assert entry.local_path() == path
    assert len(hashed) == 2


def test_a_note_for_other_bytes_does_not_vouch(entry: ModelEntry) -> None:
    path = put(entry, CONTENT[:-1] + b"!")
    files.write_note(path, "0" * 64)
    with pytest.raises(ModelError):
        entry.local_path()
    (note,) = entry.folder.glob(".*.verified")
    note.write_text("not json {")
    put(entry, CONTENT)
    assert entry.local_path() == path


def test_a_model_with_an_adapter_uses_the_files_of_its_base(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DUOLOGUE_MODELS", str(tmp_path))
    base, adapted = find("smollm2-135m"), find("duologue-135m")
    assert adapted.files == base.files
    assert adapted.folder == base.folder == tmp_path / "smollm2-135m"
    assert (base.adapter, adapted.adapter) == (None, "generator")
