from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from duologue.models.hub import fetch_from_hub, hub_url
from duologue.models.registry import HubFile, ModelEntry
from duologue.models.sources import SourceError

SOURCE = HubFile("someone/model", "model file.gguf")


def fetch(entry: ModelEntry) -> tuple[Path, list[tuple[int, int]]]:
    entry.folder.mkdir(parents=True, exist_ok=True)
    seen: list[tuple[int, int]] = []
    path = fetch_from_hub(SOURCE, entry.files[0], entry.folder, lambda done, total: seen.append((done, total)))
    return path, seen


def test_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example/")
    assert hub_url(SOURCE) == "https://hub.example/someone/model/resolve/main/model%20file.gguf"
    monkeypatch.setenv("HF_ENDPOINT", "file:///etc")
    with pytest.raises(SourceError, match="HF_ENDPOINT"):
        hub_url(SOURCE)
    monkeypatch.delenv("HF_ENDPOINT")
    assert hub_url(HubFile("a/b", "c", "abc")) == "https://huggingface.co/a/b/resolve/abc/c"


def test_a_file_arrives_whole(hub: SimpleNamespace, entry: ModelEntry) -> None:
    path, seen = fetch(entry)
    assert path.read_bytes() == hub.content
    assert seen[0] == (0, len(hub.content))
    assert seen[-1] == (len(hub.content), len(hub.content))
    assert hub.paths == ["/someone/model/resolve/main/model%20file.gguf"]


def test_a_cut_connection_is_taken_up_where_it_broke(hub: SimpleNamespace, entry: ModelEntry) -> None:
    hub.cuts = [1000, 200_000]
    path, seen = fetch(entry)
    assert path.read_bytes() == hub.content
    assert hub.requests == ["", "bytes=1000-", "bytes=201000-"]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_it_gives_up_after_some_attempts_and_resumes_the_next_time(hub: SimpleNamespace, entry: ModelEntry) -> None:
    hub.cuts = [1000, 0, 0, 0]
    with pytest.raises(SourceError, match=f"ended after 1000 of {len(hub.content)} bytes"):
        fetch(entry)
    hub.requests.clear()
    path, _ = fetch(entry)
    assert hub.requests == ["bytes=1000-"]
    assert path.read_bytes() == hub.content


def test_a_server_without_ranges_starts_over(hub: SimpleNamespace, entry: ModelEntry) -> None:
    hub.ranges = False
    hub.cuts = [5000]
    path, seen = fetch(entry)
    assert hub.requests == ["", "bytes=5000-"]
    assert path.read_bytes() == hub.content
    assert (0, len(hub.content)) in seen[1:]


def test_wrong_bytes_are_refused_and_removed(hub: SimpleNamespace, entry: ModelEntry) -> None:
    hub.content = hub.content[:-1] + b"!"
    with pytest.raises(SourceError, match="wrong SHA-256"):
        fetch(entry)
    assert list(entry.folder.iterdir()) == []


def test_a_bad_left_over_is_fetched_again(hub: SimpleNamespace, entry: ModelEntry) -> None:
    entry.folder.mkdir(parents=True)
    part = entry.folder / "model.gguf.part"
    for left_over in (b"?" * 1000, b"?" * len(hub.content), b"?" * (len(hub.content) + 5)):
        part.write_bytes(left_over)
        path, _ = fetch(entry)
        assert path.read_bytes() == hub.content


def test_another_version_of_the_file_is_refused_before_it_is_fetched(hub: SimpleNamespace, entry: ModelEntry) -> None:
    hub.content = hub.content + b"more"
    with pytest.raises(SourceError, match="another version"):
        fetch(entry)
    assert list(entry.folder.iterdir()) == []


def test_a_shrunk_file_does_not_loop(hub: SimpleNamespace, entry: ModelEntry) -> None:
    hub.cuts = [9000]
    hub.content = hub.content[:5000]
    entry.folder.mkdir(parents=True)
    (entry.folder / "model.gguf.part").write_bytes(b"x" * 9000)
    with pytest.raises(SourceError, match="another version"):
        fetch(entry)
    assert hub.requests == ["bytes=9000-", ""]


@pytest.mark.parametrize("status", [401, 404, 503])
def test_error_answers(hub: SimpleNamespace, entry: ModelEntry, status: int) -> None:
    hub.status = status
    with pytest.raises(SourceError, match=f"answered {status}"):
        fetch(entry)
    assert len(hub.requests) == 1


def test_nobody_there(entry: ModelEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{unused.getsockname()[1]}")
        monkeypatch.setenv("no_proxy", "*")
        with pytest.raises(SourceError, match="not reachable"):
            fetch(entry)
