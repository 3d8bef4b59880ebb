"""Data sets as Parquet shards with a manifest: in a folder, in memory, and at an S3 server where one can be started."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from duologue.errors import StoreError, UsageError
from duologue.export.rows import row_of
from duologue.export.sharded import MANIFEST, Folder, check_storage, read_manifest, write_shards
from duologue.records import Conversation
from duologue.store.reading import RunReader

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'duologue[ray]'")
parquet: Any = pytest.importorskip(
    "pyarrow.parquet", reason="pyarrow is not installed: pip install 'duologue[parquet]'"
)


@pytest.fixture
def conversations(tmp_path: Path, make_run: Callable[..., Path]) -> list[Conversation]:
    with RunReader(make_run(tmp_path / "run", 7)) as reader:
        return list(reader.conversations())


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """An address in a bucket of moto's server."""
    pytest.importorskip("s3fs", reason="s3fs is not installed: pip install s3fs")
    server = shutil.which("moto_server") or os.environ.get("MOTO_SERVER")
    if server is None:
        pytest.skip("moto_server is not installed: pip install 'moto[server]' (or set MOTO_SERVER to its path)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([server, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    names = {
        "AWS_ACCESS_KEY_ID": "t",
        "AWS_SECRET_ACCESS_KEY": "t",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
    }
    before = {name: os.environ.get(name) for name in names}
    try:
        until = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                if time.monotonic() > until:
                    pytest.skip("moto_server does not start here")
                time.sleep(0.2)
        os.environ.update(names)
        fsspec.filesystem("s3").mkdir("bucket")
        yield "s3://bucket/data"
    finally:
        process.terminate()
        process.wait()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture(params=["folder", "memory", "s3"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path / "data")
    if request.param == "memory":
        return f"memory://{uuid.uuid4().hex}"
    return f"{request.getfixturevalue('s3')}/{uuid.uuid4().hex}"


def read(address: str) -> list[str]:
    """Ids of the conversations by the manifest, in order; sizes and hashes are checked."""
    import hashlib
    import io

    manifest = read_manifest(address)
    assert manifest is not None
    ids: list[str] = []
    for shard in manifest.shards:
        data = Folder(address).read(shard.path)
        assert data is not None
        assert (len(data), hashlib.sha256(data).hexdigest()) == (shard.bytes, shard.sha256)
        rows = parquet.read_table(io.BytesIO(data)).to_pylist()
        assert len(rows) == shard.rows
        ids.extend(row["id"] for row in rows)
    return ids


def names(address: str) -> set[str]:
    store, root = fsspec.core.url_to_fs(address)
    store.invalidate_cache()
    return {path.rsplit("/", 1)[1] for path in store.ls(root, detail=False)}


def test_all_conversations_are_there_in_order(address: str, conversations: list[Conversation]) -> None:
    check_storage(address)
    assert read_manifest(address) is None
    assert names(address) == set()
    manifest = write_shards(conversations, address, {"fingerprint": "abc"}, size=3)
    assert [shard.rows for shard in manifest.shards] == [3, 3, 1]
    assert read(address) == [row_of(c)["id"] for c in conversations]
    assert read_manifest(address) == manifest
    assert manifest.about == {"fingerprint": "abc"}
    assert write_shards(conversations, address, {"fingerprint": "abc"}, size=3) == manifest


def test_a_new_data_set_takes_the_place_of_the_former(address: str, conversations: list[Conversation]) -> None:
    write_shards(conversations, address, {}, size=3)
    manifest = write_shards(conversations[:4], address, {}, size=3)
    assert read(address) == [row_of(c)["id"] for c in conversations[:4]]
    assert names(address) == {MANIFEST, *(shard.path for shard in manifest.shards)}


def test_when_writing_ends_early_the_former_data_set_stays(
    address: str, conversations: list[Conversation], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shards(conversations, address, {}, size=3)
    before = read(address)

    def some() -> Iterator[Conversation]:
        yield from reversed(conversations)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        write_shards(some(), address, {}, size=2)
    assert read(address) == before

    def full(self: Folder, name: str, data: bytes) -> None:
        raise StoreError("no space")

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "write", full)
        with pytest.raises(StoreError, match="no space"):
            write_shards(conversations[:2], address, {}, size=3)
    assert read(address) == before


def test_an_empty_data_set_has_a_manifest(address: str) -> None:
    assert write_shards((), address, {}).rows == 0
    assert read(address) == []


def test_the_manifest_of_somebody_else_is_left_alone(tmp_path: Path, conversations: list[Conversation]) -> None:
    (tmp_path / MANIFEST).write_text('{"name": "a web app"}', encoding="utf-8")
    with pytest.raises(UsageError, match=MANIFEST):
        write_shards(conversations, str(tmp_path), {})
    assert names(str(tmp_path)) >= {MANIFEST}
    assert "a web app" in (tmp_path / MANIFEST).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["../victim.txt", "victim.txt", "part-00000-0123456789ab.parquet/../../victim.txt", 5])
def test_a_manifest_that_names_other_files_than_shards_deletes_none(
    tmp_path: Path, conversations: list[Conversation], name: object
) -> None:
    folder = tmp_path / "data"
    write_shards(conversations, str(folder), {})
    victims = [tmp_path / "victim.txt", folder / "victim.txt"]
    for victim in victims:
        victim.write_text("mine", encoding="utf-8")
    manifest = json.loads((folder / MANIFEST).read_bytes())
    manifest["shards"].append({**manifest["shards"][0], "path": name})
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    for use in (lambda: write_shards(conversations[:1], str(folder), {}), lambda: check_storage(str(folder))):
        with pytest.raises(UsageError, match="none of duologue's"):
            use()
    assert [victim.read_text(encoding="utf-8") for victim in victims] == ["mine", "mine"]


@pytest.mark.parametrize("address", ["nowhere://a/b", "s4://x"])
def test_an_address_without_a_store_is_named(address: str) -> None:
    with pytest.raises(UsageError, match=address.split(":")[0]):
        check_storage(address)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, conversations: list[Conversation]) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(StoreError, match="file"):
        write_shards(conversations, str(tmp_path / "file" / "data"), {})


@pytest.mark.parametrize("error", [PermissionError("read only"), FileNotFoundError("no such bucket")])
def test_a_store_that_can_only_be_read_is_refused_before_the_run(
    error: OSError, conversations: list[Conversation], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"memory://{uuid.uuid4().hex}"

    def put_file(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(type(Folder(address)._store), "put_file", put_file)
        for use in (check_storage, lambda to: write_shards(conversations, to, {})):
            with pytest.raises(StoreError, match=f"{type(error).__name__}: {error}"):
                use(address)
    check_storage(address)
