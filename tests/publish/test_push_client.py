"""``--push`` with the real client of the hub, against a stand-in on this machine that speaks the hub's HTTP."""

from __future__ import annotations

import base64
import importlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from duologue.errors import DuologueError, UsageError
from duologue.publish.push import push

REPO = "me/owls"


class StandIn(ThreadingHTTPServer):
    """One repository: what was committed, large objects that arrived, and how many more may arrive before it breaks."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.objects: dict[str, bytes] = {}
        self.arrived: list[str] = []
        self.left = 10**9
        self.refuse = 0
        self.address = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if self.server.refuse:
            self._json({"error": "no"}, self.server.refuse)
        elif "/resolve/main/" in path:
            name = path.partition("/resolve/main/")[2]
            self._answer(200, self.server.files[name], {"ETag": f'"{hash(name):x}"', "X-Repo-Commit": "0" * 40})
        elif f"/api/datasets/{REPO}/tree/" in path:
            self._json(
                [{"type": "file", "path": p, "size": len(b), "oid": "0" * 40} for p, b in self.server.files.items()]
            )
        elif path.startswith(f"/api/datasets/{REPO}"):
            found = [{"rfilename": p} for p in self.server.files]
            self._json({"id": REPO, "sha": "0" * 40, "siblings": found, "private": True})
        else:
            self._json({"error": "not found"}, 404)

    do_HEAD = do_GET  # noqa: N815

    def do_PUT(self) -> None:
        body = self._body()
        if self.server.left <= 0:
            self._json({"error": "broken"}, 400)
            return
        self.server.left -= 1
        oid = self.path.rpartition("/")[2]
        self.server.objects[oid] = body
        self.server.arrived.append(oid)
        self._json({})

    def do_POST(self) -> None:
        body = self._body()
        path = urlsplit(self.path).path
        if self.server.refuse:
            self._json({"error": "no"}, self.server.refuse)
        elif path == "/api/repos/create":
            self._json({"url": f"https://huggingface.co/datasets/{REPO}"})
        elif path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif "/preupload/" in path:
            asked = json.loads(body)["files"]
            self._json(
                {"files": [{**_mode(f["path"]), "path": f["path"], "shouldIgnore": False, "oid": None} for f in asked]}
            )
        elif path.endswith("/info/lfs/objects/batch"):
            self._json({"transfer": "basic", "objects": [self._object(o) for o in json.loads(body)["objects"]]})
        elif "/commit/" in path:
            for line in body.splitlines():
                entry = json.loads(line)
                value = entry["value"]
                if entry["key"] == "file":
                    self.server.files[value["path"]] = base64.b64decode(value["content"])
                elif entry["key"] == "lfsFile":
                    self.server.files[value["path"]] = self.server.objects[value["oid"]]
                elif entry["key"] == "deletedFile":
                    del self.server.files[value["path"]]
            where = f"{self.server.address}/datasets/{REPO}/commit/{'1' * 40}"
            self._json({"success": True, "commitUrl": where, "commitOid": "1" * 40})
        else:
            self._json({"error": "not found"}, 404)

    def _object(self, asked: dict[str, Any]) -> dict[str, Any]:
        known = {"oid": asked["oid"], "size": asked["size"]}
        if asked["oid"] in self.server.objects:
            return known
        return {**known, "actions": {"upload": {"href": f"{self.server.address}/put/{asked['oid']}"}}}

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _json(self, value: object, status: int = 200) -> None:
        self._answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _mode(path: str) -> dict[str, str]:
    return {"uploadMode": "lfs" if path.endswith(".parquet") else "regular"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, StandIn]]:
    """The hub's client, and the stand-in that it talks to."""
    api = pytest.importorskip("huggingface_hub", reason="huggingface-hub is not installed")
    # The other way, Xet, has a protocol of its own between the client's native part and the hub's storage.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    importlib.import_module("huggingface_hub.utils").disable_progress_bars()
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield api.HfApi(endpoint=server.address, token="hf_" + "a" * 20), server
    server.shutdown()
    server.server_close()
    thread.join()


def _held(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_broken_upload_goes_on_and_sends_no_large_file_twice(published: Path, hub: tuple[Any, StandIn]) -> None:
    client, server = hub
    large = sum(name.endswith(".parquet") for name in _held(published))
    assert large > 4
    for left in (2, 1):
        server.left = left
        with pytest.raises(DuologueError, match=r"broke off.*run the same command again"):
            push(published, REPO, client, private=True)
        # The card and the sums come last, so nobody takes a part for the whole.
        assert "README.md" not in server.files
        assert "SHA256SUMS" not in server.files
    server.left = 10**9
    assert push(published, REPO, client, private=True).endswith(f"/datasets/{REPO}")
    assert server.files == _held(published)
    assert len(server.arrived) == len(set(server.arrived)) <= large
    # Again, there is nothing to send.
    push(published, REPO, client, private=True)
    assert len(server.arrived) == len(set(server.arrived))
    assert server.files == _held(published)


def test_a_new_version_takes_the_old_files_away_and_no_others(published: Path, hub: tuple[Any, StandIn]) -> None:
    client, server = hub
    sums = "".join(f"{'0' * 64}  {name}\n" for name in ("data/old.parquet", "duologue.json"))
    old = {"duologue.json": b"{}", "README.md": b"old", "SHA256SUMS": sums.encode(), "data/old.parquet": b"old"}
    server.files = {**old, "images/mine.png": b"png"}
    push(published, REPO, client)
    assert server.files == {**_held(published), "images/mine.png": b"png"}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_one_line_without_the_token(published: Path, hub: tuple[Any, StandIn], status: int) -> None:
    client, server = hub
    server.refuse = status
    with pytest.raises(UsageError, match=rf"the hub refuses {REPO} \({status}\)") as caught:
        push(published, REPO, client)
    assert "hf_a" not in str(caught.value)
